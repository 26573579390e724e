//! What `secure` forbids: nothing of it is kept in clear, and nothing of it answers after its life.

use crate::model::function::Function;
use crate::model::options::Options;
use crate::problems::Problems;

pub(super) fn check(options: &Options, function: &Function, problems: &mut Problems) {
    let Some(secure) = options.secure else {
        if let Some(near) = options.near {
            let message = "`near` lets values that are `secure` into the near tier; others are there anyway, leave it out";
            problems.on(near, message);
        }
        return;
    };
    if function.is_sync() {
        let message = "`secure` seals values in byte tiers, which a synchronous function does not fill; make the function \
                       `async`, or leave it out";
        problems.on(secure, message);
    }
    if options.local {
        let message = "`secure` seals what leaves this process, and `local` keeps it here; keep one";
        problems.on(secure, message);
    }
    if let Some(at) = options.of_loads.iter().find(|said| *said == "keep_warm" && options.near.is_none()) {
        let message = "`keep_warm` keeps values in the near tier, and what is `secure` is not held there; write `secure(near)`, \
                       or leave `keep_warm` out";
        problems.at(at, message);
    }
    let windows = ["stale_while_revalidate", "stale_if_error"];
    if let Some(window) = options.of_loads.iter().find(|said| windows.iter().any(|window| *said == window)) {
        let message = format!("what is `secure` is never served after its expiry; leave `{window}` out");
        problems.at(window, message);
    }
}
