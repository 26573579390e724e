//! Spread of lives, so that what was stored together does not expire together.

use std::time::Duration;

use crate::chance::Chance;
use crate::error::{Error, ErrorKind, Result};
use crate::time::Life;

/// Lives up to this are exact.
const EXACT_UP_TO: Duration = Duration::from_secs(1);
/// A keyspace's fraction is an expression that nobody has checked: no life is ever drawn as zero.
const MOST: f64 = 0.99;

/// Draws lives of `ttl` plus or minus a fraction. Lives of up to a second are left exact.
#[derive(Debug)]
pub struct Jitter {
    fraction: f64,
    chance: Chance,
}

impl Jitter {
    /// A fraction from 0 (exact) to below 1, and the seed of its draws: one of chance when there is none, so that the
    /// entries of two processes that started together do not end together.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the fraction is out of range or no number.
    pub fn new(fraction: f64, seed: Option<u64>) -> Result<Self> {
        if (0.0..1.0).contains(&fraction) {
            return Ok(Self { fraction, chance: seed.map_or_else(Chance::new, Chance::seeded) });
        }
        Err(Error::new(ErrorKind::Config, format!("jitter holds {fraction}"))
            .with_fix("give a fraction from 0 to below 1, e.g. 0.15"))
    }

    /// One life; `fraction` overrides the manager's.
    #[must_use]
    pub fn spread(&self, life: Life, fraction: Option<f64>) -> Life {
        let fraction = fraction.unwrap_or(self.fraction).min(MOST);
        match life {
            Life::For(exact) if exact > EXACT_UP_TO && fraction > 0.0 => {
                let factor = 1.0 + fraction * (2.0 * self.draw() - 1.0);
                Duration::try_from_secs_f64(exact.as_secs_f64() * factor).map_or(life, Life::For)
            }
            life => life,
        }
    }

    /// The longest life that [`Jitter::spread`] can draw.
    #[must_use]
    pub fn longest(&self, life: Life, fraction: Option<f64>) -> Life {
        let fraction = fraction.unwrap_or(self.fraction);
        match life {
            Life::For(exact) => {
                Duration::try_from_secs_f64(exact.as_secs_f64() * (1.0 + fraction)).map_or(life, Life::For)
            }
            Life::Forever => Life::Forever,
        }
    }

    /// A number from 0 to below 1.
    pub(crate) fn draw(&self) -> f64 {
        self.chance.draw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_spread_within_the_fraction_and_short_ones_are_exact() {
        let jitter = Jitter::new(0.15, Some(7)).unwrap();
        let life = Life::For(Duration::from_secs(100));
        let drawn: Vec<f64> =
            (0..1_000).map(|_| jitter.spread(life, None).duration().unwrap().as_secs_f64()).collect();
        assert!(drawn.iter().all(|seconds| (85.0..=115.0).contains(seconds)));
        assert!(drawn.iter().any(|seconds| *seconds < 90.0) && drawn.iter().any(|seconds| *seconds > 110.0));
        for exact in [Life::Forever, Life::For(Duration::from_secs(1)), Life::For(Duration::from_millis(3))] {
            assert_eq!(jitter.spread(exact, None), exact);
        }
        assert_eq!(jitter.spread(life, Some(0.0)), life);
        for wild in [1.0, 50.0, f64::INFINITY, f64::NAN] {
            assert!(
                (0..1_000).all(|_| jitter.spread(life, Some(wild)) > Life::For(Duration::from_millis(500)))
            );
        }
        assert!(jitter.longest(life, None) >= Life::For(Duration::from_secs_f64(114.9)));
    }

    #[test]
    fn the_same_seed_draws_the_same_lives_and_none_draws_others_each_time() {
        let draw = |seed| {
            let jitter = Jitter::new(0.5, seed).unwrap();
            [(); 4].map(|()| jitter.spread(Life::For(Duration::from_secs(60)), None))
        };
        assert_eq!(draw(Some(1)), draw(Some(1)));
        assert_ne!(draw(Some(1)), draw(Some(2)));
        assert_ne!(draw(None), draw(None));
    }

    #[test]
    fn a_fraction_out_of_range_is_refused() {
        for fraction in [-0.1, 1.0, f64::NAN] {
            assert_eq!(Jitter::new(fraction, None).unwrap_err().kind(), ErrorKind::Config);
        }
    }
}
