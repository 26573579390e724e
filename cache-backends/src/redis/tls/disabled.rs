//! Without the feature `redis-tls`: a URL that asks for TLS is refused.

use cache_core::error::{Error, ErrorKind, Result};

use super::Certificates;
use crate::redis::address::Address;
use crate::redis::dial::Dialled;

/// There is none.
#[derive(Debug, Clone)]
pub(in crate::redis) enum Tls {}

impl Tls {
    pub(in crate::redis) fn new(_: &Certificates) -> Result<Self> {
        let text = "the Redis URL asks for TLS, which this build leaves out";
        Err(Error::new(ErrorKind::Config, text).with_fix("add the feature \"redis-tls\" of larder"))
    }

    pub(in crate::redis) async fn dial(
        &self,
        _: &Address,
        _: redis::AsyncConnectionConfig,
    ) -> Result<Dialled> {
        match *self {}
    }
}
