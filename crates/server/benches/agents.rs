//! Many agents at once: how long they take to enrol and attach, how soon a change of a plan reaches
//! all of them, and what that costs the server.
//!
//! The server runs in this process; the agents in another one, which this starts, so that what is
//! measured is the server's alone. The agents are connections that enrol, say Hello and their
//! status every five seconds, as real ones do; they record nothing.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement for a terminal, which ends with the first thing that is wrong"
)]

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/gateway/agent.rs"]
mod agent;

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use agent::{Said, Say, TestAgent, hello};
use eidetic_model::{Clock as _, SpoolId};
use eidetic_runtime::SystemClock;
use eidetic_server::{
    config::ConfigFile,
    gateway::new_ticket,
    plans::{PlanDocument, PlanSettings, save},
    server::Server,
};
use eidetic_wire::{ProtocolVersion, proto};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::interval,
};
use uuid::Uuid;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match std::env::var("EIDETIC_BENCH_AGENTS") {
        Ok(server) => runtime.block_on(agents(server.parse().unwrap())),
        Err(_) => runtime.block_on(server()),
    }
}

async fn server() {
    let folder = tempfile::TempDir::new().unwrap();
    let config = ConfigFile {
        data_folder: Some(folder.path().to_owned()),
        agents_listen: Some("127.0.0.1:0".into()),
        console_listen: Some("127.0.0.1:0".into()),
        ..ConfigFile::default()
    };
    let config = config.resolve("bench").unwrap();
    let server = Server::start(&config, Arc::new(SystemClock)).await.unwrap();
    let control = server.components().control.clone();
    let mut tickets = Vec::new();
    for _ in 0..AGENTS {
        let authority = server.authority().certificate();
        let valid_for = Duration::from_secs(600);
        let now = SystemClock.wall();
        let ticket = new_ticket(control.as_ref(), authority, now, valid_for).await;
        tickets.push(ticket.unwrap().to_text());
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env("EIDETIC_BENCH_AGENTS", server.agents().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let began = SystemClock.monotonic();
    let idle = Usage::now();
    let mut orders = child.stdin.take().unwrap();
    orders
        .write_all((hex::encode(server.authority().certificate()) + "\n").as_bytes())
        .unwrap();
    orders
        .write_all((tickets.join("\n") + "\n").as_bytes())
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let (line, mut said) = blocking(move || (said.next().unwrap().unwrap(), said)).await;
    assert_eq!(line, "attached");
    let took = SystemClock.monotonic() - began;
    let attached = Usage::now();
    println!(
        "{AGENTS} agents enrolled and attached in {:.1} s",
        took.as_secs_f64()
    );
    println!("  server CPU for that: {:.2} s", attached.cpu_since(&idle));
    assert!(took < ATTACHED_WITHIN, "that is more than a minute");

    tokio::time::sleep(HOLD).await;
    let connected = server.components().connected.count();
    assert_eq!(connected, AGENTS, "all hold their streams");
    let held = Usage::now();
    let share = held.cpu_since(&attached) / HOLD.as_secs_f64() * 100.0;
    println!(
        "held for {} s: server CPU {share:.1} % of a core",
        HOLD.as_secs()
    );
    println!(
        "  server memory {:.1} MiB",
        held.memory_bytes as f64 / f64::from(1 << 20)
    );

    let changed = SystemClock.monotonic();
    let plans = &server.components().plans;
    let before = plans.borrow().clone();
    let plan = before.default_plan();
    let document = PlanDocument {
        settings: PlanSettings {
            grayscale: true,
            ..PlanSettings::default()
        },
        ..plan.document().clone()
    };
    let after = before.with_changed(plan.id(), plan.revision(), document);
    save(control.as_ref(), plans, &before, after.unwrap())
        .await
        .unwrap();
    let line = blocking(move || said.next().unwrap().unwrap()).await;
    assert_eq!(line, "told");
    let took = SystemClock.monotonic() - changed;
    println!(
        "a change of their plan reached all of them in {} ms",
        took.as_millis()
    );
    assert!(took < TOLD_WITHIN, "that is more than five seconds");
    drop(orders);
    child.wait().unwrap();
    server.stop().await;
}

/// The agents' process: reads the authority and the tokens, and says how far it is.
async fn agents(server: SocketAddr) {
    let mut lines = io::stdin().lock().lines();
    let authority: Arc<[u8]> = hex::decode(lines.next().unwrap().unwrap()).unwrap().into();
    let tokens: Vec<_> = lines
        .by_ref()
        .take(AGENTS)
        .map(|line| line.unwrap())
        .collect();
    let (attached, mut all_attached) = mpsc::channel(AGENTS);
    let (told, mut all_told) = mpsc::channel(AGENTS);
    let mut running = JoinSet::new();
    // All of them have one address, from which the server takes only so many handshakes at once.
    let turns = Arc::new(Semaphore::new(HANDSHAKES_AT_ONCE));
    for (number, token) in (0_u128..).zip(tokens) {
        let (attached, told) = (attached.clone(), told.clone());
        let (authority, turns) = (authority.clone(), turns.clone());
        running.spawn(async move {
            let turn = turns.acquire_owned().await.unwrap();
            let agent = TestAgent::enrol(server, &authority, &token).await.unwrap();
            let mut hello = hello(ProtocolVersion::NEWEST);
            hello.computer_name = format!("bench-{number}");
            hello.spool = SpoolId::from_uuid(Uuid::from_u128(number + 1));
            hello.run = Some(number.to_be_bytes());
            let mut stream = agent.attach_as(&hello).await;
            drop(turn);
            attached.send(()).await.unwrap();
            let mut statuses = interval(Duration::from_secs(5));
            loop {
                tokio::select! {
                    _ = statuses.tick() => {
                        stream.say(Say::Status(proto::Status::default())).await;
                    }
                    said = stream.replies.message() => match said.unwrap().and_then(|said| said.message) {
                        Some(Said::Policy(policy)) => {
                            assert!(policy.grayscale);
                            told.send(()).await.unwrap();
                        }
                        None => return,
                        Some(_) => {}
                    },
                }
            }
        });
    }
    for (all, word) in [(&mut all_attached, "attached"), (&mut all_told, "told")] {
        for _ in 0..AGENTS {
            all.recv().await.unwrap();
        }
        println!("{word}");
    }
    // Until the other process has seen it, and closes its end.
    assert!(lines.next().is_none());
    running.abort_all();
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// What this process has used.
struct Usage {
    cpu_millis: u64,
    memory_bytes: u64,
}

impl Usage {
    fn now() -> Self {
        let pid = Pid::from_u32(std::process::id());
        let mut system = System::new();
        let wanted = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, wanted);
        let process = system.process(pid).unwrap();
        Self {
            cpu_millis: process.accumulated_cpu_time(),
            memory_bytes: process.memory(),
        }
    }

    fn cpu_since(&self, before: &Self) -> f64 {
        (self.cpu_millis - before.cpu_millis) as f64 / 1000.0
    }
}

const AGENTS: usize = 300;
const HANDSHAKES_AT_ONCE: usize = 8;
const ATTACHED_WITHIN: Duration = Duration::from_secs(60);
const HOLD: Duration = Duration::from_secs(30);
const TOLD_WITHIN: Duration = Duration::from_secs(5);
