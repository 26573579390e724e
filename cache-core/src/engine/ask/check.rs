//! Settings that would mean nothing are errors, each with its fix.

use std::time::Duration;

use crate::codec::Format;
use crate::engine::Policy;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::SingleFlight;
use crate::time::Ttl;

impl Policy {
    /// Checks what it says on its own, as the defaults of a manager: a life, a limit or a fraction out of range, a soft
    /// time-out that nothing can answer.
    ///
    /// # Errors
    /// `Config` or `Ttl`, naming every problem.
    pub fn check(&self) -> Result<()> {
        self.check_over(&Self::default())
    }

    /// [`Policy::check`] of a function whose manager is not known yet: its defaults may have the window that a soft
    /// time-out needs.
    pub(crate) fn check_anywhere(&self) -> Result<()> {
        self.check_over(&Self::new().stale_if_error(Duration::MAX))
    }

    /// [`Policy::check`] of what a call wants over a manager's defaults.
    pub(crate) fn check_over(&self, usual: &Self) -> Result<()> {
        let mut problems: Vec<String> = Vec::new();
        let limits = [
            ("timeout", self.timeout),
            ("soft_timeout", self.soft_timeout),
            ("max_load_time", self.max_load_time),
        ];
        for (name, _) in limits.into_iter().filter(|(_, limit)| *limit == Some(Duration::ZERO)) {
            problems
                .push(format!("{name} holds 0: nothing would ever be in time; leave it out, or give more"));
        }
        if let (Some(soft), Some(hard)) = (self.soft_timeout, self.timeout)
            && soft >= hard
        {
            problems.push(format!("soft_timeout holds {soft:?}, which is not before timeout = {hard:?}"));
        }
        let never_stale = self.never_stale || usual.never_stale;
        if let Some(soft) = self.soft_timeout
            && (never_stale || !(self.has_windows() || usual.has_windows()))
        {
            problems.push(format!(
                "soft_timeout holds {soft:?}, but no value may ever answer stale; give stale_if_error or \
                 stale_while_revalidate, or use timeout"
            ));
        }
        if let Some(Err(error)) = self.refresh_ahead.map(|ahead| ahead.check()) {
            problems.push(error.to_string());
        }
        for (name, ttl) in [("ttl", Some(self.ttl)), ("negative_ttl", self.negative_ttl)] {
            if ttl == Some(Ttl::After(Duration::ZERO)) {
                problems
                    .push(format!("{name} holds 0: nothing would ever be a hit; give more, or Ttl::Never"));
            }
        }
        if let Some(fraction) = self.jitter.filter(|fraction| !(0.0..1.0).contains(fraction)) {
            problems.push(format!("jitter holds {fraction}; give a fraction from 0 to below 1, e.g. 0.15"));
        }
        if self.never_stale && self.has_windows() {
            problems.push("never_stale contradicts a stale window; leave one of them out".to_owned());
        }
        if self.sealed && self.local {
            problems.push("secure contradicts local: what stays in this process is not sealed".to_owned());
        }
        if self.sealed && cfg!(not(feature = "encrypt")) {
            problems.push("secure needs the feature `encrypt`, which this build leaves out".to_owned());
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::new(ErrorKind::Config, problems.join("; "))) }
    }

    /// Whether a loader that compares what it is shown can ever be shown something.
    ///
    /// # Errors
    /// `Config`, with the options that keep an older value.
    pub(crate) fn check_comparing(&self, usual: &Self) -> Result<()> {
        let ahead = self.refresh_ahead.or(usual.refresh_ahead).is_some();
        let never_stale = self.never_stale || usual.never_stale;
        if ahead || !never_stale && (self.has_windows() || usual.has_windows()) {
            return Ok(());
        }
        let held = "the loader compares what it is shown, but no older value is ever held";
        Err(Error::new(ErrorKind::Config, held).during("load").with_fix(
            "give stale_if_error, stale_while_revalidate or refresh_ahead, or use get_or_revalidate",
        ))
    }

    /// Whether another cache's entries, which carry nothing but a value, can keep what it says of itself.
    ///
    /// # Errors
    /// `Config`, naming every option that they cannot keep.
    pub(crate) fn check_foreign(&self, tagged: bool, formatted: bool) -> Result<()> {
        let said = [
            ("tags", tagged, "they carry none"),
            ("negative_ttl", self.negative_ttl.is_some(), "absence has no form in them"),
            ("stale_while_revalidate", self.stale_while_revalidate.is_some(), "they end with their life"),
            ("stale_if_error", self.stale_if_error.is_some(), "they end with their life"),
            ("soft_timeout", self.soft_timeout.is_some(), "nothing of them ever answers stale"),
            ("local", self.local, "others are to read them"),
            ("format", formatted || self.format != Format::MessagePack, "they are MessagePack"),
            ("schema", self.schema != 0, "others would not find them"),
            (
                "single_flight",
                self.single_flight == Some(SingleFlight::Distributed),
                "others take no lease before they write",
            ),
        ];
        let wrong = said.into_iter().filter(|(_, said, _)| *said);
        let wrong: Vec<String> = wrong.map(|(option, _, why)| format!("{option}: {why}")).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let held = format!("entries of another cache cannot keep these options: {}", wrong.join("; "));
        Err(Error::new(ErrorKind::Config, held).with_fix("leave them out, or cache without interop"))
    }

    fn has_windows(&self) -> bool {
        let some = |window: Option<Duration>| window.is_some_and(|window| !window.is_zero());
        some(self.stale_while_revalidate) || some(self.stale_if_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::RefreshAhead;

    #[test]
    fn every_problem_is_named_with_what_it_held() {
        let second = Duration::from_secs(1);
        let wrong = Policy::new()
            .timeout(second)
            .soft_timeout(second * 2)
            .max_load_time(Duration::ZERO)
            .stale_if_error(second)
            .never_stale()
            .ttl(Ttl::After(Duration::ZERO))
            .negative_ttl(Ttl::secs(0))
            .jitter(f64::NAN)
            .refresh_ahead(RefreshAhead::Fraction(2.0));
        let error = wrong.check().unwrap_err().to_string();
        for named in [
            "max_load_time holds 0",
            "; ttl holds 0",
            "negative_ttl holds 0",
            "jitter holds NaN",
            "soft_timeout holds 2s",
            "never_stale",
            "refresh_ahead holds Fraction(2.0)",
        ] {
            assert!(error.contains(named), "{error}");
        }
        assert!(
            Policy::new().timeout(second).soft_timeout(second / 2).stale_if_error(second).check().is_ok()
        );
        for preset in [Policy::minimal(), Policy::production(), Policy::resilient()] {
            assert!(preset.check().is_ok(), "{preset:?}");
        }
        let soft = Policy::new().soft_timeout(second);
        let error = soft.check().unwrap_err().to_string();
        assert!(error.contains("soft_timeout holds 1s, but no value may ever answer stale"), "{error}");
        let windows = Policy::new().stale_while_revalidate(second);
        assert!(soft.check_over(&windows).is_ok() && soft.clone().stale_if_error(second).check().is_ok());
        assert!(soft.check_anywhere().is_ok() && soft.clone().never_stale().check_anywhere().is_err());
        assert!(soft.check_over(&windows.clone().never_stale()).is_err());
        assert!(soft.never_stale().check_over(&windows).is_err());
        assert_eq!(Policy::secure().check().is_ok(), cfg!(feature = "encrypt"));
        for (wrong, named) in [
            (Policy::secure().local(), "secure contradicts local"),
            (Policy::secure().stale_if_error(second), "never_stale contradicts a stale window"),
        ] {
            let error = wrong.check().unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
