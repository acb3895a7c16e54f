# Texts of the verification report. Names, dates and figures come from data.
title = Verification report on a new OS version
lang-ja = 日本語
lang-en = English
list-comma = ,{ " " }
revision = Revision { $n }
as-of = as of { $date }
unknown = not known
none = none
see = Details
legend = Legend

head-product = Product
head-server-build = server { $build }
product-took-no-part = the product's server took no part
head-server = Server used
head-target = Target
head-build = Build
head-obtained = Obtained
head-due = report due
head-origins = Basis of verification
head-reach = Data reach to
head-reasons = Why it is not final
head-signoff = Sign-off
unsigned = not signed
origin-count = { $cells ->
    [one] { $cells } configuration
   *[other] { $cells } configurations
    }, { $cases ->
    [one] { $cases } case
   *[other] { $cases } cases
    }
due-working = How the { $n } business days are counted
due-skipped = Days that do not count
due-provisional = The calendar is not yet official for all of these days.
obtained-register = (by the register)
obtained-default_jst_release_day = (taken as the release day in Japan)
obtained-delivered = (the day the device was delivered)
obtained-unknown = (not known)
due-due = open
due-due_soon = due soon
due-done = published
due-late = late
state-draft = Draft
state-provisional = Provisional
state-final = Final
state-corrected = Corrected

band-planted_fault = A fault was planted in this run: it shows what the harness catches and says nothing about any release
band-beta = These are provisional results on a beta version
band-virtual_only = Results on virtual devices; no real device was looked at
band-product_not_exercised = OS side only; the product was not exercised
band-interrupted = The run did not come to its end; what is left is not tested
band-stale_signoff = The content has changed since it was signed; this content is not signed
why-planted_fault = a fault was planted in the run
why-interrupted = the run did not come to its end
why-beta = it is a beta or release candidate
why-virtual_only = only virtual devices were looked at
why-product_not_exercised = the product's server was not exercised
why-undecided = { $n ->
    [one] { $n } required case is undecided
   *[other] { $n } required cases are undecided
    }

answers = Summary
question-1 = Do existing features work without restriction?
question-2 = Are the new features of this OS usable without restriction?
question-3 = Scope of the restrictions
question-4 = Material for recommending the update or not
unit-features = features
unit-items = new items offered
unit-restrictions = restrictions
answer-1-product-works = All { $total } offered features work without restriction.
answer-1-product-restricted = Without restriction: { $works }; with restrictions: { $restricted }; not working: { $fails }; undecided: { $undecided }.
answer-1-product-fails = None of the { $total } offered features works.
answer-1-product-blocked = { $works } features work without restriction, { $fails } do not work; { $undecided } are undecided because the server or an external service did not play its part.
answer-1-product-flaky = { $works } features work without restriction, { $fails } do not work; { $undecided } gave differing results and stay undecided.
answer-1-product-not_tested = { $works } features work without restriction, { $fails } do not work; { $undecided } are not tested.
answer-1-product-not_supported = This OS supports none of the features concerned.
answer-1-os-works = OS side only: no restriction was found for the { $total } features concerned. The product itself was not tested.
answer-1-os-restricted = OS side only: without restriction { $works }, restricted { $restricted }, not working { $fails }, undecided { $undecided }. The product itself was not tested.
answer-1-os-fails = OS side only: none of the { $total } features works on the OS side.
answer-1-os-blocked = OS side only: without restriction { $works }, not working { $fails }; { $undecided } are undecided because the server or an external service did not play its part. The product itself was not tested.
answer-1-os-flaky = OS side only: without restriction { $works }, not working { $fails }; { $undecided } gave differing results. The product itself was not tested.
answer-1-os-not_tested = OS side only: without restriction { $works }, not working { $fails }; { $undecided } are not tested. The product itself was not tested.
answer-1-os-not_supported = OS side only: this OS supports none of the features concerned.
answer-1-unconfirmed = { $n ->
    [one] { $n } more feature is not counted, because its offer is to be confirmed.
   *[other] { $n } more features are not counted, because their offer is to be confirmed.
    }
answer-2 = New items: { $items }. Offered { $offered } (usable { $usable }), not offered { $not_offered }, to be confirmed { $unconfirmed }.
answer-3 = { $count ->
    [one] { $count } restriction
   *[other] { $count } restrictions
    } in { $features ->
    [one] { $features } feature
   *[other] { $features } features
    } ({ $new } new with this version), in { $groups } of { $total } device groups.
answer-3-none = No restriction was found.
answer-3-none-os = No restriction was found on the OS side. Whether the product has any was not tested.
recommend-recommended = Update recommended
recommend-conditional = Recommended with conditions
recommend-wait = Waiting recommended
recommend-insufficient = Not enough to decide
recommend-glyph-recommended = ○
recommend-glyph-conditional = △
recommend-glyph-wait = ×
recommend-glyph-insufficient = ？
recommend-because-product_not_exercised = The product's server was not exercised.
recommend-because-interrupted = The run did not come to its end.
recommend-because-beta = It is not the released version.
recommend-because-virtual_only = No real device was looked at.
recommend-because-failures = { $n ->
    [one] { $n } feature, or an essential part of one, does not work.
   *[other] { $n } features, or essential parts of them, do not work.
    }
recommend-because-restrictions = { $n ->
    [one] There is { $n } restriction.
   *[other] There are { $n } restrictions.
    }
recommend-because-undecided = { $n ->
    [one] { $n } required case is undecided.
   *[other] { $n } required cases are undecided.
    }
recommend-because-nothing_against = { $n } features work without restriction, and nothing speaks against the update.

existing = Existing features
existing-os = Existing features — OS side
existing-os-lead = The product's server took no part. The table shows the OS side only and does not say that a feature of the product works.
existing-none = No feature is offered for these devices.
changed = changed
changed-since = Changed since the previous generation
unconfirmed = Features whose offer is to be confirmed
unconfirmed-lead = Whether the product offers them is not confirmed, so they are not part of the four answers. In parentheses: what was seen on the OS side, for information.
observed-title = Seen on the OS side, for information
not-offered = Features that the product does not offer for these devices
arrivals = Upgraded devices against fresh ones
arrivals-lead = Devices enrolled on the previous version and updated in place were compared with devices enrolled on the new version in { $pairs } parts; { $n } differ.

new = New features
new-lead = Names are the OS vendor's own. Usability is stated only for what is offered. “Reach through the server” is a self-consistency check for information and no part of the four answers.
new-none = This version introduces nothing.
gone = Deprecated and removed
gone-none = This version deprecates and removes nothing.
no-known-use = no known use
probe-none = not probed

restrictions = Scope of the restrictions
scope = Scope
scope-everywhere = every device group
scope-cells = { $n ->
    [one] ({ $n } configuration)
   *[other] ({ $n } configurations)
    }
and-more = and { $n } more
since = Since
since-this_release = worked on { $release }; new with this version
since-earlier = the same on { $release }
since-unknown = nothing to compare with
what-happens = What happens
workaround = Workaround
party = Cause

material = Material for recommending the update or not
material-lead = Material for a decision, never a promise.
better = What gets better
better-none = No new feature has been seen to be usable yet.
worse = What gets worse
worse-none = Nothing was found to be worse than on the previous version.
security = Security state of the version customers are on
known-issues = Known issues (the vendor's numbers)
cannot-update = Devices that cannot update
way-back = Possibility to go back
not-looked = not looked into
open = Open questions
open-undecided_cases = { $n ->
    [one] { $n } required case is undecided
   *[other] { $n } required cases are undecided
    }
open-unconfirmed_features = { $n ->
    [one] the offer of { $n } feature is to be confirmed
   *[other] the offer of { $n } features is to be confirmed
    }
open-unconfirmed_items = { $n ->
    [one] the offer of { $n } new item is to be confirmed
   *[other] the offer of { $n } new items is to be confirmed
    }
open-undetermined_findings = { $n ->
    [one] the cause of { $n } restriction is under investigation
   *[other] the causes of { $n } restrictions are under investigation
    }

priorities = Priorities
priorities-lead = In the order of the guideline, section 2.1.1.2.
priority-1 = Existing features can be used, if with restrictions
priority-2 = Existing features can be used without restriction
priority-3 = New features can be used, if with restrictions
priority-4 = New features can be used without restriction
nothing-to-do = nothing
task-restore = make it work
task-lift_restriction = lift the restriction
task-move_to_replacement = specified by the OS; move to the replacement
task-decide = verify again and decide
task-try = verify whether it works

behavior = Changes of behavior
behavior-lead = { $pairs ->
    [one] { $pairs } case was
   *[other] { $pairs } cases were
    } compared message by message with the previous version; { $n ->
    [one] { $n } kind of change was found
   *[other] { $n } kinds of change were found
    }. Values that differ from run to run, and those that name device or version, are left out.
behavior-no-comparison = There is no record of a previous version to compare with.

findings = Findings
findings-lead = Who is at fault follows from who wrote the messages, from the data of that exact version, and from the result on the previous version.
findings-none = There are no findings.
look = What was looked at
expected = expected
seen = seen
details = Details
conditions = Conditions of a defect (2.3.1)
condition-1 = differs from the specification or is unexpected:
condition-2 = is reproduced:
condition-3 = is caused by the product:
yes-no-yes = yes
yes-no-no = no
yes-no-unknown = not confirmed
is-defect = All three conditions hold: a defect of the product.
os-defect = Suspected OS defect (2.3.2)
os-defect-text = To be reported to the vendor or the device's maker; if it is acknowledged, it is published as far as possible.
expectation-source = Source of the expectation
attempts = { $n ->
    [one] { $n } attempt
   *[other] { $n } attempts
    }

not-tested = Not tested
not-tested-none = No required case is left untested.
and-unconfirmed = { $n ->
    [one] and { $n } feature to be confirmed
   *[other] and { $n } features to be confirmed
    }

coverage = Coverage
coverage-text = { $evidence } of { $cells } configurations have a record (for comparison: { $comparison }). { $cases } cases were assessed; { $decided } of { $features } offered features have a result.
coverage-messages = { $n } messages were exchanged.
coverage-probes = Self-consistency check, for information: { $n } items —
skips = What was left out

limits = Method and limits
limit-method = Each feature is looked at by command status, read-back and effect, when applied, after a reboot and after an update. That a command was acknowledged is not taken for working.
limit-effect = The effect is seen through a device-side port that the server cannot reach. Where it could not be seen, the feature counts as not tested.
limit-virtual = Virtual devices imitate published specifications and recorded behavior. Radio, battery, screen and Apple's services are no part of it.
limit-product = Another server stood in place of the product's; the product's console, API and conversion of settings were not looked at.
limit-probes = Probes are generated from the specification data. They are a self-consistency check and no part of the four answers.
limit-promise = The report shows results at the time of verification and is no warranty.

appendix = Appendix
run-id = Run
target = Selector
tier = tier
seed = seed
filter = Filter
resumed = { $n ->
    [one] continued once
   *[other] continued { $n } times
    }
server-capabilities = The server's abilities
push-yes = woken by push
push-no = devices poll
facts-revision = Specification data
evidence-count = Pieces of evidence
assessment-digest = Assessment
matrix-cells = { $n ->
    [one] The { $n } configuration
   *[other] The { $n } configurations
    }
probe-cases = { $n ->
    [one] { $n } probe
   *[other] { $n } probes
    }
with-evidence = { $n ->
    [one] { $n } transcript
   *[other] { $n } transcripts
    }
probes = { $n ->
    [one] Self-consistency check: { $n } item that was not simply carried
   *[other] Self-consistency check: { $n } items that were not simply carried
    }
probes-lead = For information; no part of the four answers.
history = Sign-offs
sign-name = Name
sign-date = Date
sign-state = State, revision
footer-reach = Data reach to { $date }
footer-contact = Contact

col-feature = Feature
col-features = Features
col-part = Part
col-cells = Configurations
col-cases = Cases
col-count = Number
col-evidence = Evidence
col-item = Item
col-kind = Kind
col-offer = Offer
col-usable = Usable
col-probe = Reach through the server (for information)
col-change = Change
col-uses = Use by the product
col-replacement = Replacement
col-message = Message
col-place = Place
col-before = Before
col-after = After
col-reason = Reason
col-cell = Configuration
col-model = Model
col-role = Role
col-results = Results
unit-features-os = features (OS side only)
unit-new = new items (none offered)
and-keys = { $n } entries, keys included
changes = { $n } kinds
assumptions = Where virtual devices rest on assumptions
assumptions-lead = No observation of a real device backs these. Names and values are those of the settings.

# Approved behavior, comparison with another run, known issues
baselines-lead = Against approved behavior, { $approved } cases are as approved, { $different } differ, and nothing is approved yet for { $new }.
against-lead = { $cases } cases were compared with run { $run }; { $changed } have another outcome.
against-same-os = same version and build of the devices
against-other-os = another version or build of the devices
against-points-at = a difference points at:
against-previous_release = against the previous version
against-baseline = against approved behavior
against-other_run = against the other run
direction-effect = effect on the device
decision-pending = decision pending
decision-approved = approved
decision-unsigned = approved, nobody has signed
decision-rejected = rejected
known-issue = Known issue
known-known = known
known-expired = expired: a failure again
known-wider = shows beyond the known scope
known-line = Known issue { $issue } (owner { $owner }, until { $expires }):
known-outside = { $n } cells outside of it
known-unmatched = Known issues that match nothing in this run:
repeats = Lost in { $lost } of { $of } attempts (95 % interval of the share { $low }–{ $high } %).
