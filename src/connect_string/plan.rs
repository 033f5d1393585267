//! The order in which the addresses of a descriptor are tried.
//!
//! Learned from python-oracledb (`_set_active_children` in `impl/base/connect_params.pyx`,
//! `_connect` in `impl/thin/connection.pyx`): descriptions one after the other, each with all its
//! addresses and then again as often as RETRY_COUNT says, with RETRY_DELAY in between. One thing
//! is different: where a description has a single address list, its own FAILOVER, LOAD_BALANCE and
//! SOURCE_ROUTE hold for that list as well; there they would have no effect at all.

use std::sync::Arc;
use std::time::Duration;

use super::model::{Address, Choice, ConnectDescriptor, Description};

/// One step on the way to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Try this address; when that fails, take the next step.
    Attempt(Attempt),
    /// Wait this long, then take the next step.
    Wait(Duration),
}

/// An address to try, and the description it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What to ask for there.
    pub description: Arc<Description>,
    /// Where.
    pub address: Address,
}

/// The steps of a descriptor, in order. When it ends, every address has failed.
///
/// The order is fixed when the plan is made; a description is retried in the same order.
#[derive(Debug, Clone)]
pub struct ConnectPlan {
    descriptions: Vec<(Arc<Description>, Vec<Address>)>,
    description: usize,
    /// How often the description's addresses have all been tried.
    round: u32,
    address: usize,
}

impl ConnectDescriptor {
    /// Makes the plan. `seed` is random; it decides the order wherever LOAD_BALANCE is on.
    pub fn plan(&self, seed: u64) -> ConnectPlan {
        let mut random = SplitMix64(seed);
        let descriptions = active(&self.descriptions, self.choice, &mut random)
            .into_iter()
            .map(|description| {
                let addresses = ordered_addresses(description, &mut random);
                (Arc::new(description.clone()), addresses)
            })
            .filter(|(_, addresses)| !addresses.is_empty())
            .collect();
        ConnectPlan { descriptions, description: 0, round: 0, address: 0 }
    }
}

fn ordered_addresses(description: &Description, random: &mut SplitMix64) -> Vec<Address> {
    let only_one_list = description.address_lists.len() == 1;
    active(&description.address_lists, description.choice, random)
        .into_iter()
        .flat_map(|list| {
            let mut choice = list.choice;
            if only_one_list {
                choice.failover &= description.choice.failover;
                choice.load_balance |= description.choice.load_balance;
                choice.source_route |= description.choice.source_route;
            }
            active(&list.addresses, choice, random)
        })
        .cloned()
        .collect()
}

/// Those of the children that are tried, in the order in which they are tried.
fn active<'a, T>(children: &'a [T], choice: Choice, random: &mut SplitMix64) -> Vec<&'a T> {
    let mut order: Vec<&T> = children.iter().collect();
    if order.len() > 1 && !choice.source_route && choice.load_balance {
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last + 1));
        }
    }
    if choice.source_route || !choice.failover {
        order.truncate(1);
    }
    order
}

impl Iterator for ConnectPlan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            let (description, addresses) = self.descriptions.get(self.description)?;
            if let Some(address) = addresses.get(self.address) {
                self.address += 1;
                return Some(Step::Attempt(Attempt {
                    description: Arc::clone(description),
                    address: address.clone(),
                }));
            }
            self.address = 0;
            if self.round < description.retry_count {
                self.round += 1;
                if !description.retry_delay.is_zero() {
                    return Some(Step::Wait(description.retry_delay));
                }
            } else {
                self.round = 0;
                self.description += 1;
            }
        }
    }
}

/// Sebastiano Vigna's SplitMix64: enough to spread connections, not meant for secrets.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        // Less than `bound`, so it fits.
        usize::try_from(self.next() % bound).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn steps(text: &str, seed: u64) -> String {
        let descriptor = ConnectDescriptor::parse(text).unwrap();
        let words: Vec<String> = descriptor
            .plan(seed)
            .take(50)
            .map(|step| match step {
                Step::Attempt(attempt) => attempt.address.host,
                Step::Wait(delay) => format!("{}ms", delay.as_millis()),
            })
            .collect();
        words.join(" ")
    }

    fn list(name: &str, flags: &str) -> String {
        format!("(ADDRESS_LIST={flags}(ADDRESS=(HOST={name}1))(ADDRESS=(HOST={name}2)))")
    }

    #[test]
    fn addresses_are_tried_in_order_and_again_after_the_delay() {
        let (a, b) = (list("a", ""), list("b", ""));
        for (text, expected) in [
            ("h1,h2/s", "h1 h2"),
            ("h1,h2/s?retry_count=2", "h1 h2 1000ms h1 h2 1000ms h1 h2"),
            ("h1/s?retry_count=1&retry_delay=0", "h1 h1"),
            ("h1/s?retry_count=1&retry_delay=50cs", "h1 500ms h1"),
            ("h1,h2/s?failover=off", "h1"),
            ("h1,h2/s?source_route=on", "h1"),
            ("h1,h2;h3/s", "h1 h2 h3"),
            (&format!("(DESCRIPTION={a}{b})"), "a1 a2 b1 b2"),
            (&format!("(DESCRIPTION=(FAILOVER=OFF){a}{b})"), "a1 a2"),
            (&format!("(DESCRIPTION=(SOURCE_ROUTE=ON){a}{b})"), "a1 a2"),
            (&format!("(DESCRIPTION=(FAILOVER=OFF){a})"), "a1"),
            (&format!("(DESCRIPTION={}{b})", list("a", "(SOURCE_ROUTE=ON)")), "a1 b1 b2"),
            (
                "(DESCRIPTION_LIST=(DESCRIPTION=(RETRY_COUNT=1)(ADDRESS=(HOST=x)))(DESCRIPTION=\
                 (ADDRESS=(HOST=y))))",
                "x 1000ms x y",
            ),
            (
                "(DESCRIPTION_LIST=(FAILOVER=OFF)(DESCRIPTION=(ADDRESS=(HOST=x)))(DESCRIPTION=\
                 (ADDRESS=(HOST=y))))",
                "x",
            ),
        ] {
            assert_eq!(steps(text, 7), expected, "{text}");
        }
    }

    #[test]
    fn load_balance_reaches_every_order_and_keeps_every_address() {
        for text in [
            "h1,h2,h3/s?load_balance=on",
            "(DESCRIPTION=(LOAD_BALANCE=ON)(ADDRESS=(HOST=h1))(ADDRESS=(HOST=h2))(ADDRESS=(HOST=h3)))",
            "(DESCRIPTION_LIST=(LOAD_BALANCE=ON)(DESCRIPTION=(ADDRESS=(HOST=h1)))\
             (DESCRIPTION=(ADDRESS=(HOST=h2)))(DESCRIPTION=(ADDRESS=(HOST=h3))))",
        ] {
            let orders: BTreeSet<String> = (0..200).map(|seed| steps(text, seed)).collect();
            assert_eq!(orders.len(), 6, "{text}: {orders:?}");
            for order in &orders {
                let mut hosts: Vec<&str> = order.split(' ').collect();
                hosts.sort_unstable();
                assert_eq!(hosts, ["h1", "h2", "h3"]);
            }
        }
    }

    #[test]
    fn load_balance_without_failover_tries_one_at_random() {
        let text = "h1,h2,h3/s?load_balance=on&failover=off";
        let tried: BTreeSet<String> = (0..100).map(|seed| steps(text, seed)).collect();
        assert_eq!(tried, BTreeSet::from(["h1", "h2", "h3"].map(str::to_owned)));
    }

    #[test]
    fn the_same_seed_gives_the_same_order() {
        let text = "h1,h2,h3,h4,h5/s?load_balance=on&retry_count=1&retry_delay=0";
        assert_eq!(steps(text, 42), steps(text, 42));
        let order = steps(text, 42);
        let hosts: Vec<&str> = order.split(' ').collect();
        assert_eq!(hosts[..5], hosts[5..]);
    }

    #[test]
    fn the_largest_retry_count_is_not_laid_out_in_advance() {
        assert_eq!(steps("h/s?retry_count=4294967295&retry_delay=0", 0).split(' ').count(), 50);
    }
}
