//! Waiting for several things at once, without a task for each.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// A future that may be waited for beside others of other types.
pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What each comes to, in their order; those that had not ended when `enough` was said are `None`.
pub(super) async fn together<T>(
    mut futures: Vec<Boxed<'_, T>>,
    enough: impl Fn(&[Option<T>]) -> bool,
) -> Vec<Option<T>> {
    let mut ended: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, ended) in futures.iter_mut().zip(&mut ended) {
            if ended.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *ended = Some(value);
            }
        }
        if ended.iter().all(Option::is_some) || enough(&ended) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_order_is_that_of_the_futures_and_enough_ends_the_wait() {
        let of = |value: Option<u8>| -> Boxed<'static, u8> {
            Box::pin(async move {
                match value {
                    Some(value) => value,
                    None => std::future::pending().await,
                }
            })
        };
        let all = together(vec![of(Some(1)), of(Some(2))], |_| false).await;
        assert_eq!(all, [Some(1), Some(2)]);
        let some = together(vec![of(None), of(Some(2))], |ended| ended.iter().flatten().count() == 1).await;
        assert_eq!(some, [None, Some(2)]);
        assert!(together(Vec::<Boxed<'_, u8>>::new(), |_| false).await.is_empty());
    }
}
