//! Jobs that come due, queue, are woken and go away.

use super::*;
use crate::poll::poller::{Policy, Until};
use crate::poll::schedule::Schedule;
use crate::request::StatusOptions;

const MS: Duration = Duration::from_millis(1);

fn pause(until: Duration) -> Pause {
    Pause { until, not_before: until / 2 }
}

fn job(job_id: &str) -> NewJob<'_> {
    let schedule = Schedule::new(None, None).unwrap();
    let timeout = Some(100 * MS);
    let policy = Policy { until: Until::Complete, schedule, max_attempts: None, timeout, together: true };
    let observer = Observer::Many(tokio::sync::mpsc::unbounded_channel().0);
    let terms = Arc::new(Terms { policy, options: StatusOptions::default(), observer });
    NewJob { user_id: "u", job_id, terms, call_id: 0, call: 0 }
}

fn is_new(added: Added) -> bool {
    matches!(added, Added::New(_))
}

#[test]
fn jobs_come_due_in_order_and_equal_ones_are_asked_once() {
    let mut jobs = Jobs::default();
    assert!(is_new(jobs.add_or_count(job("a"), 3 * MS)));
    assert!(is_new(jobs.add_or_count(job("b"), MS)));
    assert_eq!(jobs.add_or_count(job("a"), MS), Added::Again);
    // One text, cut elsewhere, is another job.
    assert!(is_new(jobs.add_or_count(NewJob { user_id: "ua", ..job("") }, 9 * MS)));
    assert_eq!(jobs.pop_due(Duration::ZERO), None);
    let first = jobs.pop_due(5 * MS).unwrap();
    let second = jobs.pop_due(5 * MS).unwrap();
    assert_eq!(jobs.pop_due(5 * MS), None);
    assert_eq!(jobs.get_mut(first).unwrap().ids(), ("u", "b"));
    assert_eq!(jobs.get_mut(second).unwrap().ids(), ("u", "a"));
    assert_eq!(jobs.remove(second).unwrap().copies, 2);
    assert!(jobs.get_mut(second).is_none());
    assert!(is_new(jobs.add_or_count(job("a"), MS)), "once it is over, it is asked again");
}

#[test]
fn nothing_is_added_after_the_end() {
    let mut jobs = Jobs::default();
    jobs.add_or_count(job("a"), MS);
    assert_eq!(jobs.drain().len(), 1);
    assert!(is_new(jobs.add_or_count(job("b"), MS)));
    jobs.end();
    assert_eq!(jobs.add_or_count(job("c"), MS), Added::TooLate);
}

#[test]
fn a_wake_up_moves_a_job_forward_but_not_before_the_servers_wish() {
    let mut jobs = Jobs::default();
    jobs.add_or_count(job("a"), MS);
    let slot = jobs.pop_due(MS).unwrap();
    jobs.wait(slot, pause(100 * MS));
    assert_eq!(jobs.next_moment(), Some(100 * MS));
    assert!(jobs.wake("u", "a", 2 * MS));
    assert_eq!(jobs.next_moment(), Some(50 * MS));
    let slot = jobs.pop_due(60 * MS).unwrap();
    assert!(!jobs.wake("u", "a", 61 * MS), "a wake-up during the query is kept");
    jobs.wait(slot, pause(300 * MS));
    assert_eq!(jobs.next_moment(), Some(150 * MS));
    assert!(!jobs.wake("u", "other", MS));
}

#[test]
fn equal_waits_are_woken_together_and_taken_out_one_by_one() {
    let mut jobs = Jobs::default();
    for _ in 0..3 {
        assert!(is_new(jobs.add(job("a"), MS)));
    }
    jobs.add(job("b"), MS);
    let slots: Vec<Slot> = std::iter::from_fn(|| jobs.pop_due(MS)).collect();
    slots.iter().for_each(|slot| jobs.wait(*slot, pause(90 * MS)));
    assert!(jobs.remove(slots[1]).is_some() && jobs.remove(slots[1]).is_none());
    assert!(jobs.wake("u", "a", 50 * MS));
    let woken: Vec<Slot> = std::iter::from_fn(|| jobs.pop_due(50 * MS)).collect();
    assert_eq!(woken, [slots[0], slots[2]]);
}

#[test]
fn what_queues_keeps_its_turn_and_its_bound() {
    let mut jobs = Jobs::default();
    let names = ["a", "b", "c"];
    let added = names.map(|name| jobs.add(job(name), MS));
    jobs.add(job("later"), 40 * MS);
    jobs.queue_due(2 * MS);
    assert!(jobs.is_queueing());
    // The bound runs from the start, and the one that sleeps is due first.
    assert_eq!(jobs.next_moment(), Some(40 * MS));
    assert_eq!(jobs.pop_due(3 * MS).map(Added::New), Some(added[0]));
    let Added::New(second) = added[1] else { panic!("it is new") };
    jobs.remove(second);
    assert_eq!(jobs.pop_ended(100 * MS), None);
    assert_eq!(jobs.pop_ended(101 * MS).map(Added::New), Some(added[2]));
    assert_eq!(jobs.pop_ended(200 * MS), None);
    assert_eq!(jobs.pop_due(3 * MS), None);
    assert!(!jobs.is_queueing());
}

#[test]
fn who_queues_to_the_last_moment_goes_first() {
    let mut jobs = Jobs::default();
    // Their bounds are over at 101 ms and at 141 ms, and their last queries due half of them before.
    let old = ["a", "b"].map(|name| jobs.add(job(name), MS));
    let young = jobs.add(job("c"), 41 * MS);
    jobs.queue_due(42 * MS);
    assert_eq!(jobs.next_moment(), Some(51 * MS));
    assert_eq!(jobs.pop_last(), None);
    assert_eq!(jobs.pop_ended(51 * MS), None);
    assert_eq!(jobs.pop_last().map(Added::New), Some(old[0]));
    assert_eq!(jobs.next_moment(), Some(91 * MS));
    assert_eq!(jobs.pop_due(52 * MS).map(Added::New), Some(old[1]));
    assert_eq!(jobs.pop_due(52 * MS).map(Added::New), Some(young));
    assert_eq!(jobs.pop_due(52 * MS), None);
    assert!(!jobs.is_queueing());
    // One that comes late to the queue does not wait in it.
    let Added::New(slot) = old[0] else { panic!("it is new") };
    jobs.wait(slot, pause(60 * MS));
    jobs.add(job("d"), 60 * MS);
    jobs.queue_due(60 * MS);
    assert_eq!(jobs.pop_last(), Some(slot));
}

#[test]
fn who_sleeps_or_queues_past_its_bound_is_asked_about_once_more() {
    let mut jobs = Jobs::with_last_queries(Duration::ZERO, 30 * MS);
    // All bounds are over at 101 ms.
    let added = ["asleep", "asleep too", "queued"].map(|name| match jobs.add(job(name), MS) {
        Added::New(slot) => slot,
        _ => panic!("it is new"),
    });
    for slot in &added[..2] {
        assert_eq!(jobs.pop_due(MS), Some(*slot));
        jobs.wait(*slot, pause(40 * MS));
    }
    jobs.queue_due(MS);
    let ends = |jobs: &mut Jobs, slot: Slot, now| jobs.get_mut(slot).unwrap().bound(now).of_requests();
    // One that comes due while it is noticed in time is not late.
    assert_eq!(ends(&mut jobs, added[0], 40 * MS), Some(101 * MS));
    // The next look is at 200 ms.
    assert_eq!(jobs.pop_ended(200 * MS), None);
    assert_eq!(jobs.pop_due(200 * MS), Some(added[2]), "it has stood in line for longer");
    assert_eq!(jobs.pop_due(200 * MS), Some(added[0]));
    assert_eq!([added[2], added[0]].map(|slot| ends(&mut jobs, slot, 200 * MS)), [Some(230 * MS); 2]);
    // It may have to queue, but not for longer than a request takes.
    jobs.queue_due(200 * MS);
    assert_eq!((jobs.pop_ended(229 * MS), jobs.next_moment()), (None, Some(230 * MS)));
    assert_eq!(jobs.pop_ended(300 * MS), Some(added[1]), "once is enough");
    assert_eq!(jobs.next_moment(), None);
}

#[test]
fn whoever_queues_again_and_again_leaves_no_moments_behind() {
    let mut jobs = Jobs::default();
    ["a", "b"].into_iter().for_each(|name| assert!(is_new(jobs.add(job(name), MS))));
    jobs.queue_due(MS);
    for _ in 0..10_000 {
        let slot = jobs.pop_due(MS).unwrap();
        jobs.wait(slot, Pause { until: MS, not_before: MS });
        jobs.queue_due(MS);
    }
    assert!(jobs.ends.len() < 100, "{}", jobs.ends.len());
}

#[test]
fn due_times_of_jobs_that_are_gone_do_not_count() {
    let mut jobs = Jobs::default();
    for round in 0..50_u32 {
        for n in 0..100 {
            jobs.add_or_count(job(&n.to_string()), MS * round);
        }
        for _ in 0..100 {
            let slot = jobs.pop_due(MS * round).unwrap();
            jobs.remove(slot).unwrap();
        }
        assert_eq!(jobs.next_moment(), None);
    }
}

#[test]
fn waking_a_job_over_and_over_leaves_one_moment() {
    let mut jobs = Jobs::default();
    jobs.add_or_count(job("a"), MS);
    let slot = jobs.pop_due(MS).unwrap();
    jobs.wait(slot, pause(100 * MS));
    let wakes = (0..1000).filter(|_| jobs.wake("u", "a", 2 * MS)).count();
    assert_eq!(wakes, 1, "it cannot be asked about before the server's wish");
    assert_eq!(jobs.due.len(), 2);
    assert!(!jobs.wake("u", "a", 60 * MS), "one that is overdue is not put off");
    assert_eq!(jobs.next_moment(), Some(50 * MS));
}

#[test]
fn waits_that_are_given_up_in_the_queue_leave_no_places_behind() {
    let mut jobs = Jobs::default();
    jobs.add(job("stays"), MS);
    for _ in 0..10_000 {
        let Added::New(slot) = jobs.add(job("a"), MS) else { panic!("it is new") };
        jobs.queue_due(MS);
        jobs.remove(slot);
    }
    assert!(jobs.queue.len() < 100, "{}", jobs.queue.len());
    assert_eq!(
        jobs.pop_due(MS).and_then(|slot| jobs.get_mut(slot).map(|job| job.ids().1.to_owned())).unwrap(),
        "stays"
    );
}

#[test]
fn waits_that_come_and_go_leave_no_moments_behind() {
    let mut jobs = Jobs::default();
    for _ in 0..10_000 {
        let Added::New(slot) = jobs.add(job("a"), MS) else { panic!("it is new") };
        jobs.pop_due(MS).unwrap();
        jobs.wait(slot, pause(90 * MS));
        jobs.remove(slot).unwrap();
    }
    assert!(jobs.due.len() < 100, "{}", jobs.due.len());
}
