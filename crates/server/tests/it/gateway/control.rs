//! Attached agents are called over their streams.

use eidetic_server::control::{Caller, Way, Wish};
use eidetic_wire::{
    ProtocolVersion,
    convert::Hello,
    proto::{ControlCall, ControlState, NumberedState},
};

use super::{
    agent::{Attached, Said, Say, TestAgent, hello},
    server::TestServer,
};

async fn attached(server: &TestServer, version: u32) -> (TestAgent, Attached) {
    let ticket = server.ticket().await.to_text();
    let authority = server.authority.certificate();
    let agent = TestAgent::enrol(server.address, authority, &ticket).await;
    let agent = agent.unwrap();
    let attached = agent
        .attach_as(&Hello {
            control_port: Some(1),
            ..hello(ProtocolVersion(version))
        })
        .await;
    (agent, attached)
}

async fn call(server: &TestServer, agent: &TestAgent) -> Result<(Way, ControlState), String> {
    let components = &server.components;
    let known = components.control.agent(agent.id).await.unwrap().unwrap();
    let caller = Caller::new(None);
    let called = caller.call(components, &known, ControlCall::Stop, Wish::Any);
    let answer = called.await.map_err(|error| error.to_string())?;
    Ok((answer.way, answer.said))
}

#[tokio::test]
async fn a_call_goes_to_its_agent_alone_and_the_answer_comes_back() {
    let server = TestServer::start().await;
    let (_other, mut of_other) = attached(&server, 3).await;
    let (agent, mut called) = attached(&server, 3).await;
    let answering = async {
        let Some(Said::ControlCall(heard)) = called.hear().await else {
            panic!("not called");
        };
        assert_eq!(heard.call(), ControlCall::Stop);
        // One that nobody asked for is nobody's.
        for (number, bytes) in [(heard.number + 7, 1), (heard.number, 2)] {
            let state = ControlState {
                spool_bytes: bytes,
                ..ControlState::default()
            };
            let state = Some(state);
            let answer = NumberedState { number, state };
            called.say(Say::ControlState(answer)).await;
        }
    };
    let (answer, ()) = tokio::join!(call(&server, &agent), answering);
    let (way, said) = answer.unwrap();
    assert_eq!((way, said.spool_bytes), (Way::Stream, 2));
    drop(called);
    tokio::select! {
        heard = of_other.hear() => panic!("the other heard {heard:?}"),
        refused = call_until_away(&server, &agent) => {
            assert!(refused.contains("not connected"), "{refused}");
        }
    }
}

#[tokio::test]
async fn an_older_agent_is_left_in_peace_and_that_is_told() {
    let server = TestServer::start().await;
    let (agent, _attached) = attached(&server, 2).await;
    let refused = call(&server, &agent).await.unwrap_err();
    assert!(refused.contains("upgrade it"), "{refused}");
}

/// Calls an agent that left until the server has noticed.
async fn call_until_away(server: &TestServer, agent: &TestAgent) -> String {
    let mut news = server.components.news.listen();
    while server.components.connected.connection(agent.id).is_some() {
        let _news = news.recv().await;
    }
    call(server, agent).await.unwrap_err()
}
