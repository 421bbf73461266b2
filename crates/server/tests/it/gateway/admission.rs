//! Who gets in, and what the others are told.

use std::time::Duration;

use eidetic_model::{AgentId, Timestamp};
use eidetic_server::gateway::bind;
use eidetic_store::control::{AgentState, Redeemed};
use eidetic_wire::{EnrolmentTicket, ProtocolVersion, convert::to_proto, proto::refused};
use tonic::Code;
use uuid::Uuid;

use super::{
    agent::{Said, Say, TestAgent, hello, key_and_request},
    server::TestServer,
};

#[tokio::test]
async fn a_token_enrols_one_agent_which_can_attach() {
    let server = TestServer::start().await;
    let ticket = server.ticket().await.to_text();
    let agent = enrol(&server, &ticket).await.unwrap();
    let attached = agent.attach().await;
    assert_eq!(attached.welcome.last_sequence, 0);
    assert_eq!(attached.welcome.protocol, 1);
    assert!(server.components.connected.connection(agent.id).is_some());

    let used = enrol(&server, &ticket).await.err().unwrap();
    assert_eq!(used.code(), Code::PermissionDenied);
    assert!(used.message().contains("was used before"), "{used}");
}

#[tokio::test]
async fn wrong_and_expired_tokens_are_refused_with_what_to_do() {
    let server = TestServer::start().await;
    let refused = async |token: &str| {
        let status = enrol(&server, token).await.err().unwrap();
        (status.code(), status.message().to_owned())
    };
    let (code, text) = refused("nonsense").await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(text.contains("not an enrolment token"), "{text}");

    let unknown = EnrolmentTicket::new(server.authority.certificate(), [1; 32]).to_text();
    let (code, text) = refused(&unknown).await;
    assert_eq!(code, Code::PermissionDenied);
    assert!(text.contains("not one of this server's"), "{text}");

    let expired = server.ticket_valid_for(Duration::ZERO).await.to_text();
    let (code, text) = refused(&expired).await;
    assert_eq!(code, Code::PermissionDenied);
    assert!(text.contains("has expired"), "{text}");
    assert!(text.contains("eidetic-server token"), "{text}");
}

#[tokio::test]
async fn a_token_for_one_computer_is_of_no_use_to_another_and_not_used_up_by_it() {
    let server = TestServer::start().await;
    let control = &server.components.control;
    let made_for = async |computer: &str| {
        let ticket = server.ticket().await;
        bind(control.as_ref(), ticket.secret_sha256(), computer)
            .await
            .unwrap();
        ticket
    };
    let for_another = made_for("web-1").await;
    let refused = enrol(&server, &for_another.to_text()).await.err().unwrap();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let text = refused.message();
    assert!(
        text.contains("for the computer web-1, and this one is host"),
        "{text}"
    );
    let redeemed = control.redeem_enrolment_token(for_another.secret_sha256(), Timestamp::MIN);
    assert_eq!(redeemed.await.unwrap(), Redeemed::Yes, "it was used up");

    let for_this_one = made_for("HOST.corp.example").await.to_text();
    enrol(&server, &for_this_one).await.unwrap();
}

#[tokio::test]
async fn who_tries_many_tokens_has_to_wait() {
    let server = TestServer::start().await;
    for _ in 0..10 {
        let refused = enrol(&server, "nonsense").await.err().unwrap();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    let refused = enrol(&server, "nonsense").await.err().unwrap();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("try again in"), "{refused}");
}

#[tokio::test]
async fn nobody_fills_the_memory_before_he_has_enrolled() {
    let server = TestServer::start().await;
    // Digits without a pattern: what is sent is as long, though compressed.
    let long: String = (0..1_u64 << 16)
        .map(|number| format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let refused = enrol(&server, &long).await.err().unwrap();
    assert!(refused.message().contains("limit"), "{refused:?}");
    enrolled(&server).await;
}

#[tokio::test]
async fn an_agent_that_is_too_old_is_told_before_its_token_is_used_up() {
    let server = TestServer::start().await;
    let ticket = server.ticket().await.to_text();
    let authority = server.authority.certificate();
    let old = TestAgent::enrol_speaking(server.address, authority, &ticket, 0).await;
    let refused = old.err().unwrap();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("upgrade the agent"), "{refused}");

    let agent = enrol(&server, &ticket).await.unwrap();
    let old = Say::Hello(to_proto::hello(&hello(ProtocolVersion(0))));
    let Ok(Some(Said::Refused(refused))) = agent.attach_saying(old).await else {
        panic!("not refused");
    };
    assert_eq!(refused.reason(), refused::Reason::ProtocolTooOld);
    assert!(refused.message.contains("upgrade the agent"));
}

#[tokio::test]
async fn without_a_certificate_one_can_only_enrol() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let nobody = TestAgent {
        certificate: Vec::new(),
        ..agent
    };
    let text = refused(&nobody).await;
    assert!(text.contains("eidetic-agent enrol"), "{text}");
    let renewal = nobody.renewed().await.err().unwrap();
    assert_eq!(renewal.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn an_expired_certificate_is_refused_by_name() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let long_ago = server.components.clock.wall();
    let long_ago = long_ago.saturating_sub(Duration::from_secs(400 * 86_400));
    let (key, request) = key_and_request();
    let signed = server.authority.sign_agent(&request, agent.id, long_ago);
    let expired = TestAgent {
        certificate: signed.unwrap().certificate,
        key,
        ..agent
    };
    let refused = refused(&expired).await;
    assert!(refused.contains("certificate expired on"), "{refused}");
    assert!(refused.contains("enrol the agent again"), "{refused}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let (server, other) = (TestServer::start().await, TestServer::start().await);
    let agent = enrolled(&server).await;
    let stranger = TestAgent {
        server: server.address,
        authority: agent.authority.clone(),
        ..enrolled(&other).await
    };
    let hello = Say::Hello(to_proto::hello(&hello(ProtocolVersion(1))));
    assert!(stranger.attach_saying(hello).await.is_err());
    assert_eq!(server.components.connected.count(), 0);
}

#[tokio::test]
async fn a_removed_or_unknown_agent_is_refused_and_a_connected_one_is_cut_off() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let mut attached = agent.attach().await;
    let control = &server.components.control;
    let mut known = control.agent(agent.id).await.unwrap().unwrap();
    known.state = AgentState::Removed;
    control.put_agent(known).await.unwrap();

    let text = refused(&agent).await;
    assert!(text.contains("was removed by an administrator"), "{text}");
    let cut_off = attached.refused().await;
    assert_eq!(cut_off.reason(), refused::Reason::AgentRemoved);

    let unknown = AgentId::from_uuid(Uuid::from_u128(9));
    let (key, request) = key_and_request();
    let now = server.components.clock.wall();
    let signed = server.authority.sign_agent(&request, unknown, now).unwrap();
    let stranger = TestAgent {
        certificate: signed.certificate,
        key,
        ..agent
    };
    let text = refused(&stranger).await;
    assert!(text.contains("is not known here"), "{text}");
}

#[tokio::test]
async fn a_renewed_certificate_replaces_the_old_one_once_it_is_used() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let renewed = agent.renewed().await.unwrap();
    drop(agent.attach().await);
    drop(renewed.attach().await);
    let text = refused(&agent).await;
    assert!(text.contains("was replaced by a newer one"), "{text}");
    drop(renewed.attach().await);
}

#[tokio::test]
async fn an_agent_that_is_enrolled_again_stays_who_it_is_and_a_copy_does_not() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let renewed_before = agent.renewed().await.unwrap();
    let control = &server.components.control;
    let mut known = control.agent(agent.id).await.unwrap().unwrap();
    known.state = AgentState::Removed;
    control.put_agent(known).await.unwrap();

    let token = server.ticket().await.to_text();
    let again = agent.enrolled_again(&token).await.unwrap();
    assert_eq!(again.id, agent.id);
    drop(again.attach().await);
    let text = refused(&renewed_before).await;
    assert!(text.contains("was replaced by a newer one"), "{text}");
    let used = again.enrolled_again(&token).await.err().unwrap();
    assert_eq!(used.code(), Code::PermissionDenied);

    let token = server.ticket().await.to_text();
    let copy = agent.enrolled_again(&token).await.unwrap();
    assert_ne!(copy.id, agent.id);
    drop(again.attach().await);
}

async fn enrol(server: &TestServer, token: &str) -> Result<TestAgent, tonic::Status> {
    TestAgent::enrol(server.address, server.authority.certificate(), token).await
}

/// An agent that was enrolled.
pub async fn enrolled(server: &TestServer) -> TestAgent {
    let ticket = server.ticket().await.to_text();
    enrol(server, &ticket).await.unwrap()
}

async fn refused(agent: &TestAgent) -> String {
    let hello = Say::Hello(to_proto::hello(&hello(ProtocolVersion(1))));
    let status = agent.attach_saying(hello).await.err().unwrap();
    assert_eq!(status.code(), Code::Unauthenticated, "{status}");
    status.message().to_owned()
}
