//! What the operator says of a configuration that it does not say itself: options of all that
//! reads one.

use clap::Args;
use crossgate_gateway::load::Hints;

#[derive(Args, Clone, Debug)]
pub struct HintArgs {
    /// Release of the vendor's system, for a file that states none: 17.9
    #[arg(long, value_name = "NUMBER", value_parser = release)]
    release: Option<String>,
    /// Which device a Panorama's export is read as: a template stack, a template, or the serial
    /// number of a device
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
}

impl HintArgs {
    pub fn hints(&self) -> Hints {
        Hints {
            release: self.release.clone(),
            template: self.template.clone(),
        }
    }
}

/// Major and minor number, and whatever follows: `17.9`, `17.09.04a`, `11.1.2-h3`.
pub fn release(text: &str) -> Result<String, String> {
    let mut parts = text.split('.');
    let numbers = [parts.next(), parts.next()];
    let begins_with_digit =
        |part: &Option<&str>| part.is_some_and(|p| p.starts_with(|c: char| c.is_ascii_digit()));
    if numbers.iter().all(begins_with_digit) {
        return Ok(text.to_owned());
    }
    Err("expected a release, such as 17.9".into())
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn a_release_is_two_numbers_at_least() {
        assert!(release("17.9").is_ok() && release("17.09.04a").is_ok());
        assert!(release("17").is_err() && release("seventeen.nine").is_err());
    }
}
