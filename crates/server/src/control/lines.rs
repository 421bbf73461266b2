//! The attached agents, as those who call them see them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use eidetic_model::AgentId;
use eidetic_wire::proto::{ControlCall, ControlState};
use tokio::sync::{mpsc, oneshot};

/// The attached agents. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<HashMap<AgentId, Line>>>);

#[derive(Debug)]
struct Line {
    number: u64,
    orders: mpsc::Sender<Order>,
}

/// A call on its way to an agent.
#[derive(Debug)]
pub struct Order {
    /// What is to be done.
    pub call: ControlCall,
    /// Where the answer goes. Dropped if there will be none.
    pub answer: oneshot::Sender<ControlState>,
}

impl Lines {
    /// An agent is attached: calls to it come out here. Full: who calls is told so.
    pub fn open(&self, agent: AgentId, number: u64) -> mpsc::Receiver<Order> {
        let (orders, receiver) = mpsc::channel(UNDER_WAY);
        self.lock().insert(agent, Line { number, orders });
        receiver
    }

    /// It is not any more. A newer connection of the same agent stays.
    pub fn close(&self, agent: AgentId, number: u64) {
        let mut lines = self.lock();
        if lines.get(&agent).is_some_and(|line| line.number == number) {
            lines.remove(&agent);
        }
    }

    /// Calls an agent; nothing if it is not attached, or has too many calls to answer. The answer
    /// fails if the agent goes.
    pub fn call(
        &self,
        agent: AgentId,
        call: ControlCall,
    ) -> Option<oneshot::Receiver<ControlState>> {
        let (answer, answered) = oneshot::channel();
        let lines = self.lock();
        let line = lines.get(&agent)?;
        line.orders.try_send(Order { call, answer }).ok()?;
        Some(answered)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AgentId, Line>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

const UNDER_WAY: usize = 4;
