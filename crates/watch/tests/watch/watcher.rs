//! How watches start, what they say, and how they end (chapter 6 of the contract).

use crate::pods::{delete, drain, pods, put, store, watch};
use minkapi_object::LabelSelector;
use minkapi_store::{Fork, Options, Store};
use minkapi_watch::{Selector, Start, WatchOptions};
use std::{cell::Cell, sync::Arc, time::Duration};

fn labelled(selector: &str) -> Selector {
    Selector { labels: LabelSelector::parse(selector).unwrap(), ..Selector::default() }
}

fn after(revision: u64) -> WatchOptions {
    WatchOptions { start: Start::After(revision), ..WatchOptions::default() }
}

fn initial(bookmarks: bool) -> WatchOptions {
    WatchOptions { start: Start::InitialState { not_older_than: 0, marker: true }, bookmarks, ..WatchOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn an_object_is_added_modified_and_deleted() {
    let base = store().base();
    let mut watcher = watch(&base, WatchOptions::default());
    put(&base, "x", "web");
    put(&base, "x", "db");
    delete(&base, "x");
    assert_eq!(drain(&mut watcher).await, ["ADDED x 1 web", "MODIFIED x 2 db", "DELETED x 3 db"]);
    put(&base, "x", "web");
    assert_eq!(drain(&mut watcher).await, ["ADDED x 4 web"]);
}

#[tokio::test(start_paused = true)]
async fn objects_come_and_go_with_the_selection() {
    let base = store().base();
    put(&base, "x", "db");
    let mut web = watch(&base, WatchOptions { selector: labelled("app=web"), ..WatchOptions::default() });
    for app in ["db", "web", "web", "db"] {
        put(&base, "x", app);
    }
    assert_eq!(
        drain(&mut web).await,
        ["ADDED x 3 web", "MODIFIED x 4 web", "DELETED x 5 web"],
        "the one that leaves is as it was (C-06-12)"
    );
}

#[tokio::test(start_paused = true)]
async fn fields_names_and_namespaces_narrow_too() {
    let base = store().base();
    let fields: minkapi_watch::FieldMatcher = Arc::new(|o| &*o.head().name != "y");
    let with_fields = Selector { fields: Some(fields), ..Selector::default() };
    let named = Selector { namespace: Some("a".into()), name: Some("z".into()), ..Selector::default() };
    let elsewhere = Selector { namespace: Some("b".into()), ..Selector::default() };
    let mut watchers = [with_fields, named, elsewhere].map(|selector| watch(&base, WatchOptions { selector, ..initial(false) }));
    for name in ["x", "y", "z"] {
        put(&base, name, "web");
    }
    assert_eq!(drain(&mut watchers[0]).await, ["ADDED x 1 web", "ADDED z 3 web"]);
    assert_eq!(drain(&mut watchers[1]).await, ["ADDED z 3 web"]);
    assert_eq!(drain(&mut watchers[2]).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_current_objects_come_first_in_storage_order_and_end_with_the_marker() {
    let base = store().base();
    put(&base, "y", "web");
    put(&base, "x", "web");
    let (mut with, mut without) = (watch(&base, initial(true)), watch(&base, initial(false)));
    put(&base, "a", "web");
    assert_eq!(drain(&mut with).await, ["ADDED x 2 web", "ADDED y 1 web", "MARKER 2", "ADDED a 3 web"]);
    assert_eq!(drain(&mut without).await, ["ADDED x 2 web", "ADDED y 1 web", "ADDED a 3 web"], "no bookmark without being asked");
}

#[tokio::test(start_paused = true)]
async fn of_nothing_the_marker_comes_first() {
    let base = store().base();
    assert_eq!(drain(&mut watch(&base, initial(true))).await, ["MARKER 0"]);
}

#[tokio::test(start_paused = true)]
async fn many_objects_and_changes_come_each_once() {
    let base = store().base();
    for n in 0..300 {
        put(&base, &format!("x{n:03}"), "web");
    }
    let mut replay = watch(&base, after(0));
    assert_eq!(drain(&mut replay).await, (0..300).map(|n| format!("ADDED x{n:03} {} web", n + 1)).collect::<Vec<_>>());
    let mut list = watch(&base, initial(true));
    assert_eq!(drain(&mut list).await.len(), 301);
}

#[tokio::test(start_paused = true)]
async fn a_watch_from_the_future_waits() {
    let base = store().base();
    let mut watcher = watch(&base, after(2));
    put(&base, "x", "web");
    put(&base, "y", "web");
    put(&base, "z", "web");
    assert_eq!(drain(&mut watcher).await, ["ADDED z 3 web"]);
}

#[tokio::test(start_paused = true)]
async fn a_state_from_the_future_is_waited_for_and_then_refused() {
    let base = store().base();
    let options = |not_older_than| WatchOptions { start: Start::InitialState { not_older_than, marker: true }, ..initial(true) };
    let (mut soon, mut never) = (watch(&base, options(1)), watch(&base, options(9)));
    assert_eq!(drain(&mut soon).await, [""; 0]);
    put(&base, "x", "web");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(drain(&mut soon).await, ["ADDED x 1 web", "MARKER 1"]);
    assert_eq!(drain(&mut never).await, [""; 0]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(drain(&mut never).await, ["ERROR 504 Timeout: Too large resource version: 9, current: 1", "END"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_from_before_the_history_fails_at_once() {
    let base = Store::new(Options { history_events: 2, ..Options::default() }).base();
    for _ in 0..5 {
        put(&base, "x", "web");
    }
    assert_eq!(drain(&mut watch(&base, after(2))).await, ["ERROR 410 too old resource version: 2 (3)", "END"]);
    assert_eq!(drain(&mut watch(&base, after(3))).await, ["MODIFIED x 4 web", "MODIFIED x 5 web"]);
    let uncached = WatchOptions { too_old_message: Some("too old"), ..after(1) };
    assert_eq!(drain(&mut watch(&base, uncached)).await, ["ERROR 410 too old", "END"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_read_too_slowly_is_told_so_and_nobody_else() {
    let base = Store::new(Options { history_events: 2, ..Options::default() }).base();
    let (mut slow, mut quick) = (watch(&base, after(0)), watch(&base, after(0)));
    for revision in 1..=5 {
        put(&base, "x", "web");
        assert_eq!(drain(&mut quick).await.len(), 1, "{revision}");
    }
    assert_eq!(drain(&mut slow).await, ["ERROR 410 too old resource version: 0 (3)", "END"]);
}

#[tokio::test(start_paused = true)]
async fn a_reset_makes_watchers_start_again() {
    let store = store();
    let view = store.fork("s", Fork::default()).unwrap();
    let mut watcher = watch(&view, after(0));
    put(&view, "x", "web");
    assert_eq!(drain(&mut watcher).await, ["ADDED x 1 web"]);
    view.reset().unwrap();
    assert_eq!(drain(&mut watcher).await, ["ERROR 410 too old resource version: 1 (2)", "END"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_a_sandbox_tells_what_is_seen_there() {
    let store = store();
    let base = store.base();
    put(&base, "x", "web");
    put(&base, "y", "web");
    let view = store.fork("s", Fork::default()).unwrap();
    let (mut inside, mut outside) = (watch(&view, initial(false)), watch(&base, WatchOptions::default()));
    put(&view, "x", "db");
    put(&base, "x", "other");
    delete(&view, "y");
    put(&base, "z", "web");
    assert_eq!(
        drain(&mut inside).await,
        ["ADDED x 1 web", "ADDED y 2 web", "MODIFIED x 3 db", "DELETED y 5 web", "ADDED z 6 web"],
        "the base view's change of an object that the sandbox has changed is not seen"
    );
    assert_eq!(drain(&mut outside).await, ["MODIFIED x 4 other", "ADDED z 6 web"]);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_watcher_is_woken() {
    let store = store();
    let view = store.fork("s", Fork::default()).unwrap();
    for writer in [store.base(), view.clone()] {
        let mut watcher = watch(&view, WatchOptions::default());
        let waiting = tokio::spawn(async move { watcher.next().await.map(|e| crate::pods::short(&e)) });
        tokio::task::yield_now().await;
        let revision = put(&writer, writer.name(), "web");
        let said = tokio::time::timeout(Duration::from_millis(10), waiting).await.unwrap().unwrap();
        assert_eq!(said, Some(format!("ADDED {} {revision} web", writer.name())));
    }
}

#[tokio::test(start_paused = true)]
async fn a_removed_view_ends_its_watches_after_what_is_left() {
    let store = store();
    let view = store.fork("s", Fork::default()).unwrap();
    let (mut behind, mut waiting) = (watch(&view, after(0)), watch(&view, after(1)));
    put(&view, "x", "web");
    assert_eq!(drain(&mut waiting).await, [""; 0]);
    store.remove_view("s", false).unwrap();
    assert_eq!(drain(&mut behind).await, ["ADDED x 1 web", "END"]);
    assert_eq!(drain(&mut waiting).await, ["END"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_at_its_timeout() {
    let base = store().base();
    let mut watcher = watch(&base, WatchOptions { timeout: Some(Duration::from_secs(5)), ..after(0) });
    tokio::time::sleep(Duration::from_millis(4900)).await;
    assert_eq!(drain(&mut watcher).await, [""; 0]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(drain(&mut watcher).await, ["END"]);
}

#[tokio::test(start_paused = true)]
async fn bookmarks_tell_how_far_the_watch_is() {
    let base = store().base();
    let mut watcher = watch(&base, WatchOptions { bookmarks: true, selector: labelled("app=web"), ..after(0) });
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(drain(&mut watcher).await, [""; 0], "nothing newer than the start was seen");
    put(&base, "x", "db");
    assert_eq!(drain(&mut watcher).await, [""; 0]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(drain(&mut watcher).await, ["BOOKMARK 1"], "what is not selected counts");
}

#[tokio::test(start_paused = true)]
async fn a_bookmark_comes_shortly_before_the_end() {
    let base = store().base();
    let options = WatchOptions { bookmarks: true, timeout: Some(Duration::from_secs(4)), ..after(0) };
    let (mut busy, mut quiet) = (watch(&base, options.clone()), watch(&base, WatchOptions { start: Start::After(1), ..options }));
    put(&base, "x", "web");
    assert_eq!(drain(&mut busy).await, ["ADDED x 1 web"]);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(drain(&mut busy).await, ["BOOKMARK 1"]);
    assert_eq!(drain(&mut quiet).await, [""; 0], "nothing newer than its start was seen");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(drain(&mut busy).await, ["END"]);
    assert_eq!(drain(&mut quiet).await, ["END"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_encoded_once_for_all_watchers() {
    let base = store().base();
    let made = Cell::new(0);
    let mut watchers: Vec<_> = (0..10).map(|_| watch(&base, after(0))).collect();
    let mut web = watch(&base, WatchOptions { selector: labelled("app=web"), ..after(0) });
    put(&base, "x", "db");
    put(&base, "x", "web");
    let encode = |event: &minkapi_watch::WatchEvent| {
        event.encoded(7, |e| {
            made.set(made.get() + 1);
            Arc::<str>::from(crate::pods::short(e))
        })
    };
    for watcher in &mut watchers {
        assert_eq!(&*encode(&watcher.next().await.unwrap()), "ADDED x 1 db");
        assert_eq!(&*encode(&watcher.next().await.unwrap()), "MODIFIED x 2 web");
    }
    assert_eq!(made.get(), 2);
    assert_eq!(&*encode(&web.next().await.unwrap()), "ADDED x 2 web", "the same change means something else to this one");
    assert_eq!(made.get(), 3);
    assert_eq!(base.snapshot().len(pods()), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_others_write() {
    let store = store();
    let view = store.fork("s", Fork::default()).unwrap();
    let base = store.base();
    let watchers: Vec<_> = (0..8).map(|n| watch(if n % 2 == 0 { &view } else { &base }, after(0))).collect();
    let readers = watchers.into_iter().map(|mut watcher| {
        tokio::spawn(async move {
            for revision in 1..=2000 {
                let event = tokio::time::timeout(Duration::from_secs(10), watcher.next()).await.unwrap().unwrap();
                assert_eq!(event.revision, revision);
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    std::thread::spawn(move || (0..2000).map(|_| put(&base, "x", "web")).max()).join().unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
}
