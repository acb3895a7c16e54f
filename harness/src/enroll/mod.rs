//! Enrollment by profile: what a device does from a URL or file to the first check-in.

mod account;
mod fetch;
mod flow;
mod identity;
mod invitation;
mod machine;
pub mod pkcs12;
pub mod profile;
mod refusal;
mod scep;
pub mod signed;
pub mod tls;

pub use flow::{Applicant, accept};
pub use invitation::{Ask, EnrollmentKit, ProfileInvitation, ProfileSource, Secret};
