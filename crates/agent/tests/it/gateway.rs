//! A server in memory: the real messages and the real state machine, without a disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{SocketAddr, TcpListener},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use eidetic_model::{
    AdjustmentId, AdjustmentRecord, AgentId, CheckReport, Clock as _, Entry, Policy,
    RecordSequence, SegmentEnd, SegmentId, SpoolId, Timestamp,
};
use eidetic_runtime::SystemClock;
use eidetic_wire::{
    EnrolmentTicket, MAX_MESSAGE_BYTES, SERVER_TLS_NAME,
    proto::{self, gateway_server::GatewayServer},
    server_link::{Input, Output, SegmentOutcome, ServerLink, Windows},
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair,
};
use rustls_pki_types::CertificateSigningRequestDer;
use sha2::{Digest as _, Sha256};
use tokio::{
    runtime::Runtime,
    sync::{broadcast, mpsc},
};
use tokio_stream::{
    Stream,
    wrappers::{ReceiverStream, TcpListenerStream},
};
use tonic::{
    Request, Response, Status, Streaming,
    codec::CompressionEncoding,
    transport::{Certificate, Identity, Server, ServerTlsConfig},
};
use uuid::Uuid;

/// A server that can be stopped and started again, with what it stored.
pub struct Gateway {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Option<Runtime>,
}

/// What the server has stored.
#[derive(Default)]
pub struct Stored {
    /// By spool and sequence: each was taken once.
    pub entries: BTreeMap<(SpoolId, RecordSequence), Entry>,
    /// The bytes of each segment.
    pub segments: BTreeMap<SegmentId, Vec<u8>>,
    /// The segments that are whole.
    pub sealed: BTreeMap<SegmentId, SegmentEnd>,
    /// Tokens that were used.
    used: BTreeSet<[u8; 32]>,
    /// What the agent found of its prerequisites last.
    pub checks: Option<CheckReport>,
    /// What it changed.
    pub adjustments: BTreeMap<AdjustmentId, AdjustmentRecord>,
    /// How often a certificate was renewed.
    pub renewals: u32,
    /// How often an agent enrolled that showed a certificate.
    pub enrolled_again: u32,
    /// Whether enrolment gives certificates that are due for renewal at once.
    short_lived: bool,
    /// What agents are told instead of being served.
    refusal: Option<String>,
    /// What the next agent that attaches is told to enrol anew with, as the copy of another.
    copy_token: Option<String>,
    /// How many agents enrolled.
    pub enrolled: u32,
    /// Whether agents that attach get no answer at all.
    silent: bool,
    policy: (u64, Policy),
}

struct Shared {
    stored: Mutex<Stored>,
    policies: broadcast::Sender<()>,
    issuer: Issuer<'static, KeyPair>,
    authority_der: Vec<u8>,
    authority_pem: String,
    chain: String,
    key: String,
    ticket: EnrolmentTicket,
}

impl Gateway {
    /// A server that runs.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut gateway = Self {
            address,
            shared: Arc::new(Shared::new()),
            running: None,
        };
        gateway.serve(listener);
        gateway
    }

    /// Its address.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// A token, for one agent.
    pub fn token(&self) -> String {
        self.shared.ticket.to_text()
    }

    /// The certificate that agents know it by, and its key.
    pub fn pair(&self) -> Pair {
        Pair {
            chain: self.shared.chain.clone(),
            key: self.shared.key.clone(),
        }
    }

    /// The same of an agent, as the server makes it.
    pub fn pair_of_an_agent(&self) -> Pair {
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.shared.pair(&params)
    }

    /// The same of what browsers see.
    pub fn pair_of_the_console(&self) -> Pair {
        let mut params = CertificateParams::new(vec!["console.example".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.shared.pair(&params)
    }

    /// Ends it, under all connections.
    pub fn stop(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }

    /// Starts it again at the same address, with what it has stored.
    pub fn start_again(&mut self) {
        let listener = eidetic_testkit::eventually("the port is free", || {
            TcpListener::bind(self.address).ok()
        });
        self.serve(listener);
    }

    /// What it has stored.
    pub fn stored(&self) -> MutexGuard<'_, Stored> {
        self.shared.stored.lock().unwrap()
    }

    /// Puts back what was stored `then`, as from a backup, under all connections.
    pub fn restore(&mut self, then: BTreeMap<(SpoolId, RecordSequence), Entry>) {
        self.stop();
        let mut stored = self.stored();
        stored.entries = then;
        stored.segments.clear();
        stored.sealed.clear();
        drop(stored);
        self.start_again();
    }

    /// Refuses agents from now on, with these words.
    pub fn refuse(&self, words: &str) {
        self.stored().refusal = Some(words.to_owned());
    }

    /// Tells the next agent that attaches to enrol as a computer of its own.
    pub fn give_new_identity(&self) {
        let token = EnrolmentTicket::new(&self.shared.authority_der, COPYS_SECRET);
        self.give_token_to_copy(&token.to_text());
    }

    /// The same, with this token.
    pub fn give_token_to_copy(&self, token: &str) {
        self.stored().copy_token = Some(token.to_owned());
    }

    /// Takes the calls of agents and does not answer, or answers again.
    pub fn be_silent(&self, silent: bool) {
        self.stored().silent = silent;
    }

    /// Gives certificates at enrolment that have lived nearly all of their life.
    pub fn give_short_lived_certificates(&self) {
        self.stored().short_lived = true;
    }

    /// Gives all agents another policy.
    pub fn set_policy(&self, policy: Policy) {
        let mut stored = self.stored();
        stored.policy = (stored.policy.0 + 1, policy);
        drop(stored);
        let _nobody_is_attached = self.shared.policies.send(());
    }

    fn serve(&mut self, listener: TcpListener) {
        listener.set_nonblocking(true).unwrap();
        let shared = Arc::clone(&self.shared);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.spawn(async move {
            let tls = ServerTlsConfig::new()
                .identity(Identity::from_pem(&shared.chain, &shared.key))
                .client_ca_root(Certificate::from_pem(&shared.authority_pem))
                .client_auth_optional(true);
            let service = GatewayServer::new(Calls(shared))
                .accept_compressed(CompressionEncoding::Zstd)
                .send_compressed(CompressionEncoding::Zstd)
                .max_decoding_message_size(MAX_MESSAGE_BYTES);
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            Server::builder()
                .tls_config(tls)
                .unwrap()
                .add_service(service)
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
        self.running = Some(runtime);
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Stored {
    /// All entries, in order of spools and sequences.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.values().cloned().collect()
    }

    /// What the activity records say, in order: action and what.
    pub fn records(&self) -> Vec<(String, String)> {
        self.entries
            .values()
            .filter_map(|entry| match entry {
                Entry::Activity(record) => {
                    Some((record.action.to_string(), record.what.reveal().to_owned()))
                }
                _ => None,
            })
            .collect()
    }

    /// Whether some record says this.
    pub fn has_record(&self, what: &str) -> bool {
        self.records().iter().any(|(_, found)| found == what)
    }

    /// Whether a segment was announced.
    fn knows(&self, id: SegmentId) -> bool {
        self.entries
            .values()
            .any(|entry| matches!(entry, Entry::SegmentOpened(segment) if segment.id == id))
    }

    /// Fails if a sequence is missing.
    pub fn check_without_holes(&self) {
        let mut expected: BTreeMap<SpoolId, u64> = BTreeMap::new();
        for (spool, sequence) in self.entries.keys() {
            let next = expected.entry(*spool).or_insert(1);
            assert_eq!(sequence.0, *next, "entries are missing");
            *next += 1;
        }
    }
}

/// A certificate with its authority's, and its key. PEM.
pub struct Pair {
    pub chain: String,
    pub key: String,
}

impl Shared {
    fn pair(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Pair {
            chain: certificate.pem() + &self.authority_pem,
            key: key.serialize_pem(),
        }
    }

    fn new() -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key).unwrap();
        let authority_der = authority.der().to_vec();
        let authority_pem = authority.pem();
        let issuer = Issuer::from_ca_cert_der(authority.der(), authority_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![SERVER_TLS_NAME.to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        Self {
            stored: Mutex::new(Stored {
                policy: (1, Policy::default()),
                ..Stored::default()
            }),
            policies: broadcast::channel(4).0,
            ticket: EnrolmentTicket::new(&authority_der, [9; 32]),
            chain: certificate.pem() + &authority_pem,
            key: key.serialize_pem(),
            issuer,
            authority_der,
            authority_pem,
        }
    }

    fn certificate(&self, request: &[u8], short_lived: bool) -> Vec<u8> {
        let request = CertificateSigningRequestDer::from(request);
        let mut request = CertificateSigningRequestParams::from_der(&request).unwrap();
        if short_lived {
            let epoch = rcgen::date_time_ymd(1970, 1, 1);
            let now = epoch + SystemClock.wall().saturating_since(Timestamp::default());
            request.params.not_before = now - 10 * DAY;
            request.params.not_after = now + DAY;
        }
        let certificate = request.signed_by(&self.issuer).unwrap();
        certificate.der().to_vec()
    }

    fn answer(&self, request: &[u8], short_lived: bool) -> Response<proto::EnrolResponse> {
        Response::new(proto::EnrolResponse {
            agent_id: AgentId::from_uuid(Uuid::from_u128(77))
                .to_bytes()
                .to_vec()
                .into(),
            certificate: self.certificate(request, short_lived).into(),
            authority: self.authority_der.clone().into(),
        })
    }
}

const COPYS_SECRET: [u8; 32] = [8; 32];

const DAY: Duration = Duration::from_secs(86_400);

struct Calls(Arc<Shared>);

#[tonic::async_trait]
impl proto::gateway_server::Gateway for Calls {
    type AttachStream = Pin<Box<dyn Stream<Item = Result<proto::ToAgent, Status>> + Send>>;

    async fn enrol(
        &self,
        request: Request<proto::EnrolRequest>,
    ) -> Result<Response<proto::EnrolResponse>, Status> {
        let shown = request.peer_certs();
        if shown.is_some_and(|certificates| !certificates.is_empty()) {
            self.0.stored.lock().unwrap().enrolled_again += 1;
        }
        let request = request.into_inner();
        let ticket: EnrolmentTicket = request
            .token
            .parse()
            .map_err(|_| Status::permission_denied("not a token"))?;
        let copys = EnrolmentTicket::new(&self.0.authority_der, COPYS_SECRET);
        if ticket != self.0.ticket && ticket != copys {
            return Err(Status::permission_denied("the token is not known"));
        }
        let secret = ticket.secret_sha256();
        if !self.0.stored.lock().unwrap().used.insert(secret) {
            return Err(Status::permission_denied("the token was used before"));
        }
        let mut stored = self.0.stored.lock().unwrap();
        stored.enrolled += 1;
        let short_lived = stored.short_lived;
        drop(stored);
        Ok(self.0.answer(&request.certificate_request, short_lived))
    }

    async fn renew(
        &self,
        request: Request<proto::RenewRequest>,
    ) -> Result<Response<proto::EnrolResponse>, Status> {
        self.0.stored.lock().unwrap().renewals += 1;
        Ok(self.0.answer(&request.get_ref().certificate_request, false))
    }

    async fn attach(
        &self,
        request: Request<Streaming<proto::FromAgent>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        if request
            .peer_certs()
            .is_none_or(|certificates| certificates.is_empty())
        {
            return Err(Status::unauthenticated("no certificate"));
        }
        if let Some(refusal) = &self.0.stored.lock().unwrap().refusal {
            return Err(Status::unauthenticated(refusal));
        }
        let silent = self.0.stored.lock().unwrap().silent;
        if silent {
            return std::future::pending().await;
        }
        let (replies, stream) = mpsc::channel(64);
        let copy_token = self.0.stored.lock().unwrap().copy_token.take();
        if let Some(enrolment_token) = copy_token {
            let refused = proto::Refused {
                reason: proto::refused::Reason::Duplicate.into(),
                message: "this one was copied".to_owned(),
                enrolment_token,
            };
            let message = proto::ToAgent {
                message: Some(proto::to_agent::Message::Refused(refused)),
            };
            replies.send(Ok(message)).await.unwrap();
            // Until the agent has heard it.
            tokio::spawn(async move {
                let mut messages = request.into_inner();
                while let Ok(Some(_)) = messages.message().await {}
                drop(replies);
            });
            return Ok(Response::new(Box::pin(ReceiverStream::new(stream))));
        }
        let attached = Attached {
            shared: Arc::clone(&self.0),
            link: ServerLink::new(SystemClock.monotonic(), Windows::default()),
            spool: None,
            replies,
        };
        tokio::spawn(attached.run(request.into_inner()));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

/// One attached agent.
struct Attached {
    shared: Arc<Shared>,
    link: ServerLink,
    spool: Option<SpoolId>,
    replies: mpsc::Sender<Result<proto::ToAgent, Status>>,
}

impl Attached {
    async fn run(mut self, mut messages: Streaming<proto::FromAgent>) {
        let mut policies = self.shared.policies.subscribe();
        loop {
            tokio::select! {
                message = messages.message() => match message {
                    Ok(Some(message)) => self.handle(Input::Message(message)),
                    _ => return,
                },
                _ = policies.recv() => {
                    let (revision, policy) = self.shared.stored.lock().unwrap().policy.clone();
                    self.handle(Input::PolicyChanged { revision, policy });
                }
            }
            while let Some(output) = self.link.poll_output() {
                if self.carry_out(output).await.is_none() {
                    return;
                }
            }
        }
    }

    fn handle(&mut self, input: Input) {
        self.link.handle(SystemClock.monotonic(), input);
    }

    async fn carry_out(&mut self, output: Output) -> Option<()> {
        match output {
            Output::Send(message) => self.replies.send(Ok(message)).await.ok()?,
            Output::Close(_) => return None,
            Output::ControlState(_) | Output::Status(_) => {}
            Output::StoreChecks(report) => {
                let adjustments: Vec<_> = report.adjustments.iter().map(|done| done.id).collect();
                let mut stored = self.shared.stored.lock().unwrap();
                for adjustment in &report.adjustments {
                    stored.adjustments.insert(adjustment.id, adjustment.clone());
                }
                stored.checks = Some(report);
                drop(stored);
                let server_time = SystemClock.wall();
                self.handle(Input::ChecksStored {
                    adjustments,
                    server_time,
                });
            }
            Output::Open(hello) => {
                self.spool = Some(hello.spool);
                let stored = self.shared.stored.lock().unwrap();
                let last = stored
                    .entries
                    .keys()
                    .filter(|(spool, _)| *spool == hello.spool)
                    .map(|(_, sequence)| *sequence)
                    .max();
                let (policy_revision, policy) = stored.policy.clone();
                drop(stored);
                self.handle(Input::Opened {
                    last_sequence: last.unwrap_or(RecordSequence::ZERO),
                    policy_revision,
                    policy,
                    server_time: SystemClock.wall(),
                });
            }
            Output::StoreEntries(entries) => {
                let spool = self.spool?;
                let through = entries.last()?.0;
                let mut stored = self.shared.stored.lock().unwrap();
                for (sequence, entry) in entries {
                    let before = stored.entries.insert((spool, sequence), entry);
                    assert!(before.is_none(), "an entry came twice");
                }
                drop(stored);
                self.handle(Input::EntriesStored(through));
            }
            Output::AppendSegment(chunk) => {
                let mut stored = self.shared.stored.lock().unwrap();
                let segment = stored.segments.entry(chunk.id).or_default();
                if segment.len() as u64 == chunk.offset {
                    segment.extend_from_slice(&chunk.bytes);
                }
                let outcome = SegmentOutcome::Appended {
                    taken: chunk.bytes.len() as u64,
                    durable: segment.len() as u64,
                };
                drop(stored);
                self.handle(Input::Segment(chunk.id, outcome));
            }
            Output::EndSegment(end) => {
                let mut stored = self.shared.stored.lock().unwrap();
                let segment = &stored.segments[&end.id];
                assert_eq!(segment.len() as u64, end.bytes);
                assert_eq!(Sha256::digest(segment)[..], end.sha256);
                stored.sealed.insert(end.id, end);
                drop(stored);
                let outcome = SegmentOutcome::Stored { taken: 0 };
                self.handle(Input::Segment(end.id, outcome));
            }
            Output::QuerySegment(id) => {
                let stored = self.shared.stored.lock().unwrap();
                let outcome = if !stored.knows(id) {
                    SegmentOutcome::Rejected {
                        reason: proto::segment_rejected::Reason::UnknownSegment,
                        taken: 0,
                    }
                } else if stored.sealed.contains_key(&id) {
                    SegmentOutcome::Stored { taken: 0 }
                } else {
                    let held = stored.segments.get(&id).map_or(0, Vec::len);
                    SegmentOutcome::Holds(held as u64)
                };
                drop(stored);
                self.handle(Input::Segment(id, outcome));
            }
        }
        Some(())
    }
}
