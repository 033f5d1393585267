//! Who gets which connection: a pool's rules without connections, sockets and clocks.
//!
//! Connections are known by number. What happened goes in, [`Command`]s come out.

use std::collections::{HashMap, VecDeque};

use super::options::PoolOptions;
use crate::error::Error;
use crate::time::Timestamp;

/// A connection's number, never used twice.
pub(crate) type Id = u64;
/// A waiter's number, never used twice.
pub(crate) type Ticket = u64;

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Open a connection.
    Open(Id),
    /// Hand a connection to a waiter, after asking whether it lives if so told.
    Give { ticket: Ticket, id: Id, ping: bool },
    /// Tell a waiter that it gets none.
    Refuse(Ticket, Refusal),
    /// Close a connection.
    Close(Id),
}

/// Why a waiter gets no connection.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// As many wait already as may.
    QueueFull {
        /// Those that wait.
        waiting: usize,
        /// The most connections that there can be.
        max: usize,
    },
    /// The pool is being closed.
    Closing,
    /// Its connection could not be opened.
    NotOpened(Error),
}

impl Refusal {
    /// In words.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Refusal::QueueFull { waiting, max } => Error::misuse(
                format!(
                    "{waiting} requests wait for a connection of the pool already (queue_max), and \
                     all {max} connections are in use"
                ),
                "release connections sooner, or raise max or queue_max",
            ),
            Refusal::Closing => Error::closed("the pool is being closed"),
            Refusal::NotOpened(error) => error,
        }
    }
}

/// How a pool is doing, and did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolStatistics {
    /// Connections, idle, in use, and being opened.
    pub open: usize,
    /// Connections in use.
    pub in_use: usize,
    /// Who waits now.
    pub waiting: usize,
    /// Connections opened so far.
    pub opened: u64,
    /// Connections that could not be opened.
    pub failed_to_open: u64,
    /// Connections closed so far: idle or old, broken, or drained.
    pub closed: u64,
    /// Requests for a connection.
    pub requests: u64,
    /// Requests that were given one.
    pub served: u64,
    /// Requests that waited for one to be opened or to come back.
    pub waited: u64,
    /// Requests that were refused because too many waited.
    pub rejected: u64,
    /// Requests whose waiting took too long, or that nobody waited for any more.
    pub given_up: u64,
    /// The most that waited at a time.
    pub most_waiting: usize,
    /// The longest that one waited, in milliseconds.
    pub longest_wait: u64,
}

#[derive(Debug)]
struct Member {
    created: Timestamp,
    /// When it came back; meaningful while idle.
    idle_since: Timestamp,
}

#[derive(Debug)]
struct Waiter {
    ticket: Ticket,
    since: Timestamp,
}

/// A pool's members and waiters.
#[derive(Debug)]
pub(crate) struct PoolState {
    options: PoolOptions,
    members: HashMap<Id, Member>,
    /// The one used last at the end, which is handed out first: so those too many grow old.
    idle: Vec<Id>,
    opening: usize,
    waiters: VecDeque<Waiter>,
    next: u64,
    draining: bool,
    statistics: PoolStatistics,
}

impl PoolState {
    pub(crate) fn new(options: PoolOptions) -> Self {
        PoolState {
            options,
            members: HashMap::new(),
            idle: Vec::new(),
            opening: 0,
            waiters: VecDeque::new(),
            next: 1,
            draining: false,
            statistics: PoolStatistics::default(),
        }
    }

    pub(crate) fn statistics(&self) -> PoolStatistics {
        PoolStatistics {
            open: self.size(),
            in_use: self.members.len() - self.idle.len(),
            waiting: self.waiters.len(),
            ..self.statistics
        }
    }

    pub(crate) fn options(&self) -> &PoolOptions {
        &self.options
    }

    /// The pool shall be like this from now on. Connections that are too many are closed when they
    /// are idle or come back.
    pub(crate) fn reconfigure(&mut self, now: Timestamp, options: PoolOptions) -> Vec<Command> {
        self.options = options;
        let mut commands = Vec::new();
        while self.size() > self.options.max
            && let Some(id) = self.idle.first().copied()
        {
            self.close(id, &mut commands);
        }
        commands.extend(self.fill());
        self.reopen(&mut commands);
        self.serve(now, &mut commands);
        commands
    }

    fn size(&self) -> usize {
        self.members.len() + self.opening
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    fn open(&mut self, count: usize, commands: &mut Vec<Command>) {
        for _ in 0..count.min(self.options.max.saturating_sub(self.size())) {
            self.opening += 1;
            let id = self.number();
            commands.push(Command::Open(id));
        }
    }

    /// Opens what the pool shall have at least.
    pub(crate) fn fill(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        if !self.draining {
            self.open(self.options.min.saturating_sub(self.size()), &mut commands);
        }
        commands
    }

    /// Somebody wants a connection.
    pub(crate) fn request(&mut self, now: Timestamp) -> (Ticket, Vec<Command>) {
        let ticket = self.number();
        self.statistics.requests += 1;
        let mut commands = Vec::new();
        if self.draining {
            commands.push(Command::Refuse(ticket, Refusal::Closing));
            return (ticket, commands);
        }
        let idle = self.idle.len();
        if let Some(most) = self.options.queue_max
            && self.size() - idle >= self.options.max
            && self.waiters.len() >= most
        {
            self.statistics.rejected += 1;
            let full = Refusal::QueueFull { waiting: self.waiters.len(), max: self.options.max };
            commands.push(Command::Refuse(ticket, full));
            return (ticket, commands);
        }
        self.waiters.push_back(Waiter { ticket, since: now });
        self.serve(now, &mut commands);
        if self.waiters.iter().any(|waiter| waiter.ticket == ticket) {
            self.statistics.waited += 1;
            self.statistics.most_waiting = self.statistics.most_waiting.max(self.waiters.len());
            // Each waiter has a connection coming: only then more are opened.
            if self.opening < self.waiters.len() {
                self.open(self.options.increment, &mut commands);
            }
        }
        (ticket, commands)
    }

    /// Hands idle connections to those that wait, the first come first.
    fn serve(&mut self, now: Timestamp, commands: &mut Vec<Command>) {
        while !self.waiters.is_empty() {
            let Some(id) = self.idle.pop() else { return };
            let Some(member) = self.members.get(&id) else { continue };
            let idle_for = now.since(member.idle_since);
            let Some(waiter) = self.waiters.pop_front() else { return };
            let waited = u64::try_from(now.since(waiter.since).as_millis()).unwrap_or(u64::MAX);
            self.statistics.longest_wait = self.statistics.longest_wait.max(waited);
            self.statistics.served += 1;
            let ping = self.options.ping_interval.is_some_and(|interval| {
                // One that was just opened or came back has proved itself.
                idle_for > interval || interval.is_zero() && member.idle_since > member.created
            });
            commands.push(Command::Give { ticket: waiter.ticket, id, ping });
        }
    }

    /// A connection was opened.
    pub(crate) fn opened(&mut self, now: Timestamp, id: Id) -> Vec<Command> {
        self.opening -= 1;
        self.statistics.opened += 1;
        let mut commands = Vec::new();
        if self.draining {
            self.statistics.closed += 1;
            commands.push(Command::Close(id));
            return commands;
        }
        self.members.insert(id, Member { created: now, idle_since: now });
        self.idle.push(id);
        self.serve(now, &mut commands);
        commands
    }

    /// A connection could not be opened: who waits longest is told, the others may have better
    /// luck with what opens or comes back next.
    pub(crate) fn open_failed(&mut self, error: Error) -> Vec<Command> {
        self.opening -= 1;
        self.statistics.failed_to_open += 1;
        let mut commands = Vec::new();
        if let Some(waiter) = self.waiters.pop_front() {
            commands.push(Command::Refuse(waiter.ticket, Refusal::NotOpened(error)));
        }
        self.reopen(&mut commands);
        commands
    }

    /// Those that wait must have something coming.
    fn reopen(&mut self, commands: &mut Vec<Command>) {
        if !self.draining && self.opening < self.waiters.len() {
            self.open(self.waiters.len() - self.opening, commands);
        }
    }

    /// A connection came back.
    pub(crate) fn released(&mut self, now: Timestamp, id: Id, usable: bool) -> Vec<Command> {
        let mut commands = Vec::new();
        let Some(member) = self.members.get_mut(&id) else { return commands };
        member.idle_since = now;
        let old =
            self.options.max_lifetime.is_some_and(|lifetime| now.since(member.created) >= lifetime);
        let spare = self.size() > self.options.max;
        if !usable || old || spare || self.draining {
            self.close(id, &mut commands);
            self.reopen(&mut commands);
        } else {
            self.idle.push(id);
        }
        self.serve(now, &mut commands);
        commands
    }

    /// A connection that was handed out turned out to be dead: its waiter is the first again.
    pub(crate) fn found_dead(&mut self, now: Timestamp, id: Id, ticket: Ticket) -> Vec<Command> {
        let mut commands = Vec::new();
        self.close(id, &mut commands);
        self.statistics.served -= 1;
        if self.draining {
            commands.push(Command::Refuse(ticket, Refusal::Closing));
            return commands;
        }
        self.waiters.push_front(Waiter { ticket, since: now });
        self.serve(now, &mut commands);
        self.reopen(&mut commands);
        commands
    }

    /// Nobody waits behind this ticket any more.
    pub(crate) fn give_up(&mut self, ticket: Ticket) {
        let before = self.waiters.len();
        self.waiters.retain(|waiter| waiter.ticket != ticket);
        if self.waiters.len() < before {
            self.statistics.given_up += 1;
        }
    }

    fn close(&mut self, id: Id, commands: &mut Vec<Command>) {
        if self.members.remove(&id).is_some() {
            self.idle.retain(|idle| *idle != id);
            self.statistics.closed += 1;
            commands.push(Command::Close(id));
        }
    }

    /// Closes what was idle for too long or is too old. Gives when to look again, if ever.
    pub(crate) fn tidy(&mut self, now: Timestamp) -> (Vec<Command>, Option<Timestamp>) {
        let mut commands = Vec::new();
        let mut next: Option<Timestamp> = None;
        // The one used longest ago first, so that those in use stay warm.
        for id in self.idle.clone() {
            let Some(member) = self.members.get(&id) else { continue };
            let spare = self.size() > self.options.min;
            let idle_ends = self.options.idle_timeout.map(|limit| member.idle_since + limit);
            let life_ends = self.options.max_lifetime.map(|limit| member.created + limit);
            let ends = [idle_ends.filter(|_| spare), life_ends].into_iter().flatten().min();
            match ends {
                Some(end) if end <= now => self.close(id, &mut commands),
                Some(end) => next = Some(next.map_or(end, |next| next.min(end))),
                None => {}
            }
        }
        commands.extend(self.fill());
        (commands, next)
    }

    /// Ends the pool: nobody gets a connection from now on, idle ones are closed, and those in use
    /// when they come back.
    pub(crate) fn drain(&mut self) -> Vec<Command> {
        self.draining = true;
        let mut commands = Vec::new();
        for waiter in std::mem::take(&mut self.waiters) {
            commands.push(Command::Refuse(waiter.ticket, Refusal::Closing));
        }
        for id in self.idle.clone() {
            self.close(id, &mut commands);
        }
        commands
    }

    /// Whether nothing is open any more.
    pub(crate) fn is_drained(&self) -> bool {
        self.draining && self.size() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::ZERO + Duration::from_secs(seconds)
    }

    fn options(min: usize, max: usize) -> PoolOptions {
        PoolOptions { min, max, ..PoolOptions::default() }
    }

    fn opens(commands: &[Command]) -> Vec<Id> {
        commands
            .iter()
            .filter_map(|command| match command {
                Command::Open(id) => Some(*id),
                _ => None,
            })
            .collect()
    }

    fn gives(commands: &[Command]) -> Vec<(Ticket, Id, bool)> {
        commands
            .iter()
            .filter_map(|command| match command {
                Command::Give { ticket, id, ping } => Some((*ticket, *id, *ping)),
                _ => None,
            })
            .collect()
    }

    fn closes(commands: &[Command]) -> Vec<Id> {
        commands
            .iter()
            .filter_map(|command| match command {
                Command::Close(id) => Some(*id),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn connections_are_opened_up_to_the_most_and_then_shared_in_order() {
        let mut pool = PoolState::new(options(0, 2));
        let mut tickets = Vec::new();
        let mut opening = Vec::new();
        for _ in 0..4 {
            let (ticket, commands) = pool.request(at(0));
            tickets.push(ticket);
            opening.extend(opens(&commands));
        }
        assert_eq!(opening.len(), 2);
        let first = gives(&pool.opened(at(0), opening[0]));
        assert_eq!(first, [(tickets[0], opening[0], false)]);
        assert_eq!(gives(&pool.opened(at(0), opening[1])), [(tickets[1], opening[1], false)]);
        assert_eq!(pool.statistics().waiting, 2);
        let third = gives(&pool.released(at(1), opening[1], true));
        assert_eq!(third, [(tickets[2], opening[1], false)]);
        pool.give_up(tickets[3]);
        assert!(gives(&pool.released(at(1), opening[0], true)).is_empty());
        let statistics = pool.statistics();
        assert_eq!((statistics.open, statistics.in_use, statistics.given_up), (2, 1, 1));
        assert_eq!(statistics.most_waiting, 4);
    }

    #[test]
    fn whoever_waits_longest_hears_why_a_connection_could_not_be_opened() {
        let mut pool = PoolState::new(options(0, 1));
        let (first, _) = pool.request(at(0));
        let (second, _) = pool.request(at(0));
        let commands = pool.open_failed(Error::closed("down"));
        assert!(matches!(&commands[0], Command::Refuse(ticket, _) if *ticket == first));
        // The next one gets a try of its own.
        let id = opens(&commands)[0];
        assert_eq!(gives(&pool.opened(at(0), id)), [(second, id, false)]);
    }

    #[test]
    fn too_many_waiters_are_refused_with_what_to_do() {
        let mut pool = PoolState::new(PoolOptions { queue_max: Some(1), ..options(0, 1) });
        let (_, commands) = pool.request(at(0));
        pool.opened(at(0), opens(&commands)[0]);
        pool.request(at(0));
        let (_, commands) = pool.request(at(0));
        let Command::Refuse(_, full) = commands.into_iter().next().unwrap() else { panic!() };
        assert!(full.into_error().to_string().contains("queue_max"));
        assert_eq!(pool.statistics().rejected, 1);
    }

    #[test]
    fn idle_and_old_connections_are_closed_down_to_the_least() {
        let limits = PoolOptions { max_lifetime: Some(Duration::from_secs(1000)), ..options(1, 3) };
        let mut pool = PoolState::new(limits);
        let mut ids = opens(&pool.fill());
        for _ in 0..3 {
            ids.extend(opens(&pool.request(at(0)).1));
        }
        for id in &ids {
            pool.opened(at(0), *id);
        }
        for (seconds, id) in ids.iter().enumerate() {
            pool.released(at(seconds as u64), *id, true);
        }
        assert_eq!(pool.tidy(at(59)).1, Some(at(60)));
        assert_eq!(closes(&pool.tidy(at(61)).0), [ids[0], ids[1]]);
        // The last one stays until it is too old, and is replaced then.
        let (commands, next) = pool.tidy(at(500));
        assert!(commands.is_empty());
        assert_eq!(next, Some(at(1000)));
        let (commands, _) = pool.tidy(at(1000));
        assert_eq!((closes(&commands), opens(&commands).len()), (vec![ids[2]], 1));
    }

    #[test]
    fn a_connection_that_was_idle_for_long_is_asked_whether_it_lives() {
        let cases =
            [(Some(60), 60, false), (Some(60), 61, true), (Some(0), 0, true), (None, 1000, false)];
        for (interval, idle, ping) in cases {
            let interval = interval.map(Duration::from_secs);
            let mut pool = PoolState::new(PoolOptions {
                ping_interval: interval,
                idle_timeout: None,
                ..options(0, 1)
            });
            let id = opens(&pool.request(at(0)).1)[0];
            pool.opened(at(0), id);
            pool.released(at(1), id, true);
            let (ticket, commands) = pool.request(at(1 + idle));
            assert_eq!(gives(&commands), [(ticket, id, ping)], "{interval:?} {idle}");
        }
    }

    #[test]
    fn a_waiter_whose_connection_is_dead_is_served_next() {
        let mut pool = PoolState::new(options(0, 1));
        let id = opens(&pool.request(at(0)).1)[0];
        pool.opened(at(0), id);
        pool.released(at(0), id, true);
        let (first, _) = pool.request(at(100));
        let (second, _) = pool.request(at(100));
        let commands = pool.found_dead(at(100), id, first);
        assert_eq!(closes(&commands), [id]);
        let anew = opens(&commands)[0];
        assert_eq!(gives(&pool.opened(at(101), anew)), [(first, anew, false)]);
        assert_eq!(gives(&pool.released(at(102), anew, true)), [(second, anew, false)]);
    }

    #[test]
    fn a_pool_that_is_made_smaller_closes_what_is_idle_and_what_comes_back() {
        let mut pool = PoolState::new(options(0, 3));
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.extend(opens(&pool.request(at(0)).1));
        }
        for id in &ids {
            pool.opened(at(0), *id);
        }
        pool.released(at(1), ids[0], true);
        assert_eq!(closes(&pool.reconfigure(at(2), options(0, 1))), [ids[0]]);
        assert_eq!(closes(&pool.released(at(3), ids[1], true)), [ids[1]]);
        assert!(closes(&pool.released(at(3), ids[2], true)).is_empty());
        // Made larger, it opens for those that wait already.
        pool.request(at(4));
        let (waiting, _) = pool.request(at(4));
        let id = opens(&pool.reconfigure(at(5), options(0, 2)))[0];
        assert_eq!(gives(&pool.opened(at(5), id)), [(waiting, id, false)]);
    }

    #[test]
    fn draining_refuses_waiters_and_ends_when_the_last_one_is_back() {
        let mut pool = PoolState::new(options(0, 1));
        let id = opens(&pool.request(at(0)).1)[0];
        pool.opened(at(0), id);
        let (waiting, _) = pool.request(at(0));
        let commands = pool.drain();
        assert!(matches!(&commands[..], [Command::Refuse(ticket, _)] if *ticket == waiting));
        assert!(!pool.is_drained());
        assert_eq!(closes(&pool.released(at(1), id, true)), [id]);
        assert!(pool.is_drained());
        assert!(matches!(pool.request(at(1)).1[..], [Command::Refuse(..)]));
    }

    /// Random histories: never too many connections, everybody served in the order of asking,
    /// nobody forgotten.
    #[test]
    fn no_history_loses_a_waiter_or_opens_too_many() {
        for seed in 0..300_u64 {
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut draw = |below: usize| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed | 1);
                (random >> 33) as usize % below
            };
            let max = 1 + draw(4);
            let mut pool = PoolState::new(PoolOptions {
                increment: 1 + draw(3),
                queue_max: None,
                ..options(draw(max + 1), max)
            });
            let (mut opening, mut held) = (opens(&pool.fill()), BTreeMap::new());
            let mut queue: VecDeque<Ticket> = VecDeque::new();
            let mut now = 0;
            let (mut asked, mut done) = (0, 0);
            for step in 0..400 {
                now += draw(30) as u64;
                let commands = match draw(7) {
                    0 | 1 if step < 300 => {
                        let (ticket, commands) = pool.request(at(now));
                        asked += 1;
                        queue.push_back(ticket);
                        commands
                    }
                    2 | 3 if !opening.is_empty() => {
                        let id = opening.swap_remove(draw(opening.len()));
                        pool.opened(at(now), id)
                    }
                    4 if !opening.is_empty() => {
                        opening.swap_remove(draw(opening.len()));
                        pool.open_failed(Error::closed("down"))
                    }
                    5 if !held.is_empty() => {
                        let id = *held.keys().nth(draw(held.len())).unwrap();
                        let ticket = held.remove(&id).unwrap();
                        if draw(4) == 0 {
                            queue.push_front(ticket);
                            done -= 1;
                            pool.found_dead(at(now), id, ticket)
                        } else {
                            pool.released(at(now), id, draw(3) > 0)
                        }
                    }
                    _ => pool.tidy(at(now)).0,
                };
                for command in commands {
                    match command {
                        Command::Open(id) => opening.push(id),
                        Command::Give { ticket, id, .. } => {
                            assert_eq!(queue.pop_front(), Some(ticket), "seed {seed}: the order");
                            assert!(held.insert(id, ticket).is_none(), "seed {seed}: given twice");
                            done += 1;
                        }
                        Command::Refuse(ticket, _) => {
                            assert_eq!(queue.pop_front(), Some(ticket), "seed {seed}: refused");
                            done += 1;
                        }
                        Command::Close(id) => assert!(!held.contains_key(&id), "seed {seed}"),
                    }
                }
                assert!(pool.size() <= max, "seed {seed}");
                assert!(opening.len() == pool.opening, "seed {seed}");
                // Whoever waits has a connection coming, or all are in use.
                assert!(
                    queue.is_empty() || !opening.is_empty() || held.len() == max,
                    "seed {seed}, step {step}: {} wait for nothing",
                    queue.len()
                );
            }
            assert_eq!(asked, done + queue.len(), "seed {seed}");
        }
    }
}
