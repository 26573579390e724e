//! What it costs that no load elsewhere comes between: a store as it was (two ends of its lease around it), with a fence, and
//! as one script, on the same connection.

use std::time::Instant;

use redis::aio::MultiplexedConnection;

use crate::support::{Kind, server};

const CODE: &str = "local stored = redis.pcall('SET', KEYS[1], unpack(ARGV))\n\
    local ended = redis.pcall('UNLINK', KEYS[2])\n\
    if stored and stored.err then return stored end\n\
    if type(ended) == 'table' then return ended end\n\
    return stored";
const ROUNDS: u32 = 5;

async fn three_commands(connection: &mut MultiplexedConnection, fenced: bool, key: &str, value: &[u8]) {
    let lease = format!("ns:l:{{{key}}}");
    let mut pipe = redis::pipe();
    match fenced {
        true => pipe.cmd("SET").arg(&lease).arg("!00000000000000000000000000000000").arg("PX").arg(2_000),
        false => pipe.cmd("UNLINK").arg(&lease),
    };
    pipe.cmd("SET").arg(key).arg(value).arg("PX").arg(60_000);
    pipe.cmd("UNLINK").arg(&lease).exec_async(connection).await.unwrap();
}

async fn one_script(connection: &mut MultiplexedConnection, sha: &str, key: &str, value: &[u8]) {
    let mut script = redis::cmd("EVALSHA");
    script.arg(sha).arg(2).arg(key).arg(format!("ns:l:{{{key}}}")).arg(value).arg("PX").arg(60_000);
    script.exec_async(connection).await.unwrap();
}

#[tokio::test]
#[ignore = "measures"]
async fn what_a_store_costs_as_one_step() {
    for kind in [Kind::Redis, Kind::Valkey] {
        let server = server(kind);
        let client = redis::Client::open(server.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let sha: String =
            redis::cmd("SCRIPT").arg("LOAD").arg(CODE).query_async(&mut connection).await.unwrap();
        for (bytes, calls) in [(100, 2_000), (1 << 12, 2_000), (1 << 16, 500), (1 << 20, 50)] {
            let value = vec![7; bytes];
            let mut spent = [f64::MAX; 3];
            for _ in 0..ROUNDS {
                for (way, spent) in spent.iter_mut().enumerate() {
                    let began = Instant::now();
                    for call in 0..calls {
                        let key = format!("ns:d:{}", call % 100);
                        match way {
                            0 | 1 => three_commands(&mut connection, way == 1, &key, &value).await,
                            _ => one_script(&mut connection, &sha, &key, &value).await,
                        }
                    }
                    *spent = spent.min(began.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
                }
            }
            let [open, fenced, script] = spent;
            println!(
                "{kind:?}, {bytes} bytes: {open:.1} us open, {fenced:.1} us fenced, {script:.1} us by script"
            );
        }
    }
}
