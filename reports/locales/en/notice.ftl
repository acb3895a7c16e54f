# Texts of notices. Names, dates and figures come from data.
notice-eyebrow-notice = End of support for an old OS version
notice-eyebrow-maintenance = Detailed maintenance notice
notice-eyebrow-reminder = Check on the day of effect (internal)
notice-title-notice = Notice: support for { $name } ends on { $date }
notice-title-postponed = Postponed: support for { $name } ends on { $date }
notice-title-withdrawn = Withdrawn: support for { $name } does not end
notice-title-maintenance = Maintenance for the end of support for { $name }: { $date }
notice-title-reminder = End of support for { $name }: check on { $date }
decision-state-decided = not published
decision-state-announced = announced
decision-state-postponed = postponed
decision-state-withdrawn = withdrawn
decision-state-effective = ended
notice-band-draft = This is a draft that is not published
notice-band-withdrawn = This notice is withdrawn; the version stays supported
notice-lead = Following { $guideline }, { $product } takes { $name } out of the supported versions on { $date }.
notice-lead-withdrawn = { $product } has withdrawn the end of support for { $name } that was planned for { $date } ({ $guideline }).
notice-contact = { $name } — { $hours }

notice-fact-target = Version
notice-affected = Concerns customers who manage devices on { $name }
notice-fact-effective = Day of effect (Japan time)
notice-effective-note = The published status changes at midnight at the beginning of this day
notice-effective-withdrawn = This date is withdrawn
notice-fact-published = Day of the notice
notice-fact-days = From the notice to the day of effect
notice-days = { $n ->
    [one] { $n } day
   *[other] { $n } days
    }
notice-days-promised = At least { $n } days' notice is promised

notice-section-windows = When
notice-section-reason = Why
notice-section-effects = Effects
notice-section-stuck = Models that cannot be updated
notice-section-prepare = How to prepare
notice-section-after = Afterwards
notice-section-history = Changes, postponements, withdrawals
notice-section-contact = Contact
notice-section-changes = What changes
notice-section-steps = What to do on this day

notice-windows-lead = The servers are changed within these maintenance windows of each site.
notice-site = { $name } ({ $zone })
notice-col-site = Site
notice-col-local = Local time
notice-col-jst = Japan time
notice-col-remark = Remark
notice-span = { $date }, { $from }–{ $until }
notice-span-next = { $date }, { $from }–{ $until } the next day
notice-window-closed = Falls on a day without business ({ $why })

notice-reason-generations = { $n ->
    [one] { $n } major version stays
   *[other] { $n } major versions stay
    } supported: { $list }.
notice-reason-decreasing = Use is decreasing: as counted on { $date }, over the last { $months } months, from { $first } devices to { $last }.
notice-reason-unused = Nobody uses it any more: as counted on { $date }, over the last { $months } months, from { $first } devices to { $last }.
notice-reason-percent = The decline over these months is { $n } %.
notice-vendor-updates-yes = The vendor of the OS still publishes updates of this version.
notice-vendor-updates-no = The vendor of the OS publishes no more updates of this version.
notice-vendor-updates-unknown = Whether the vendor of the OS still publishes updates of this version was not confirmed at the time of this notice.
trend-decreasing = decreasing
trend-unused = unused

notice-works = What still works
notice-stops = What does not work any more
notice-untested = What nobody tests any more
notice-not-stated = Not confirmed at the time of this notice.
notice-untested-verify = Whether updates of the product work on { $name } is not verified any more.
notice-untested-fix = Whether faults occur on { $name } only is not looked into any more.
notice-stuck = These models cannot be updated to a major version after { $name }.
notice-stuck-none = No model ends with { $name }; every one can be updated.
notice-stuck-unknown = There are no data about which models can be updated; please ask the maker of the device.

notice-prepare-list = Look in the console for devices on { $name }.
notice-prepare-update = Update them to a supported version (the newest is { $newest }) before { $date }.
notice-prepare-replace = Plan the replacement of models that cannot be updated.
notice-after-status = The published status of { $name } becomes “not supported”, and later verification reports leave it out.
notice-after-update = A device that is updated is supported again at once. If { $name } is taken up again, there will be a notice.

notice-history-date = Date
notice-history-event = Event
notice-history-effective = Day of effect
notice-history-note = Remark
notice-event-planned = notice planned
notice-event-announced = notice
notice-event-announced-again = new notice
notice-event-postponed = postponed
notice-event-withdrawn = withdrawn
notice-event-effective = in effect

maintenance-lead = For the end of support for { $name } the servers are maintained as follows.
maintenance-fact-purpose = Purpose
maintenance-purpose = Change that takes { $name } out of the supported versions
maintenance-fact-published = Day of this notice
maintenance-not-fixed = not fixed yet
maintenance-published-by = at the latest on { $date } ({ $n } days before)
maintenance-fact-outage = Outage
maintenance-outage-yes = The service may stop for more than { $n } minutes in a row
maintenance-outage-no = No outage longer than { $n } minutes is planned
maintenance-fact-end = Notice of the end
maintenance-end-note = as a target, the next business day
maintenance-change-status = The published status of { $name } becomes “not supported”.
maintenance-change-remote = Services around remote control are included.

reminder-lead = { $date } is the day on which support for { $name } ends. Before anything is changed, check whether the conditions still hold.
reminder-fact-decided = Decision
reminder-generations = Check the remaining generations and the trend of use again: { $command }
reminder-trend = Have the figures of the months since the notice in the file (the trend at the decision: { $trend }).
reminder-otherwise = If the conditions hold no longer, change nothing, and publish a postponement or withdrawal.
reminder-status = Change the published status of { $name }.
reminder-window = Change the servers ({ $site }): local time { $local }; Japan time { $jst }
reminder-end = Publish the notice of the end: { $date }
reminder-record = Add the history entry “effective” to the decision { $file }.toml.
