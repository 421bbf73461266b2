//! The server's API, as much of it as a rehearsal needs.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use ureq::{
    Agent, RequestBuilder,
    tls::{TlsConfig, TlsProvider},
    typestate::WithBody,
};

/// A client that is signed in, at a server on this computer.
pub struct Api {
    agent: Agent,
    base: String,
    cookie: String,
}

impl Api {
    /// A client of the console at this address. The server is this program's own child on this
    /// computer, so its certificate is not checked.
    pub fn new(console: &str) -> Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(provider)
            .disable_verification(true)
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .build()
            .new_agent();
        Ok(Self {
            agent,
            base: format!("{}/api/v1", console.trim_end_matches('/')),
            cookie: String::new(),
        })
    }

    /// Signs in.
    pub fn sign_in(&mut self, user_name: &str, password: &str) -> Result<()> {
        let response = self
            .agent
            .post(format!("{}/sign-in", self.base))
            .header(CSRF.0, CSRF.1)
            .send_json(json!({"user_name": user_name, "password": password}))?;
        if response.status() != 200 {
            bail!("sign-in answered {}", response.status());
        }
        let cookie = response
            .headers()
            .get("set-cookie")
            .context("sign-in set no cookie")?
            .to_str()?;
        cookie
            .split(';')
            .next()
            .unwrap_or_default()
            .clone_into(&mut self.cookie);
        Ok(())
    }

    /// Replaces the password.
    pub fn change_password(&mut self, current: &str, new: &str) -> Result<()> {
        let body = json!({"current_password": current, "new_password": new});
        self.post("/account/password", &body).map(|_| ())
    }

    /// Gets JSON.
    pub fn get(&self, path: &str) -> Result<Value> {
        let mut response = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("cookie", &self.cookie)
            .call()?;
        if response.status() != 200 {
            bail!("{path} answered {}", response.status());
        }
        Ok(response.body_mut().read_json()?)
    }

    /// Gets bytes.
    pub fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let mut response = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("cookie", &self.cookie)
            .call()?;
        if response.status() != 200 {
            bail!("{path} answered {}", response.status());
        }
        Ok(response
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_vec()?)
    }

    /// Posts JSON; gives the answer's, null if it has none.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(self.agent.post(format!("{}{path}", self.base)), path, body)
    }

    /// Puts JSON; gives the answer's, null if it has none.
    fn put(&self, path: &str, revision: &Value, body: &Value) -> Result<Value> {
        let request = self.agent.put(format!("{}{path}", self.base));
        self.send(
            request.header("if-match", format!("\"{revision}\"")),
            path,
            body,
        )
    }

    /// Gives the plan of the computers that no other plan names other settings.
    pub fn change_default_plan(&self, settings: &Value) -> Result<()> {
        let plans = self.get("/plans")?;
        let plan = plans["plans"].as_array().and_then(|plans| plans.last());
        let plan = plan.context("there is no plan")?;
        let id = plan["id"].as_str().context("the plan has no id")?;
        let document = json!({"name": plan["name"], "settings": settings});
        self.put(&format!("/plans/{id}"), &plan["revision"], &document)
            .map(drop)
    }

    fn send(&self, request: RequestBuilder<WithBody>, path: &str, body: &Value) -> Result<Value> {
        let mut response = request
            .header("cookie", &self.cookie)
            .header(CSRF.0, CSRF.1)
            .send_json(body)?;
        if !response.status().is_success() {
            let problem = response.body_mut().read_to_string().unwrap_or_default();
            bail!("{path} answered {}: {problem}", response.status());
        }
        if response.status() == 204 {
            return Ok(Value::Null);
        }
        Ok(response.body_mut().read_json()?)
    }

    /// The newest records with this text in any field.
    pub fn search(&self, text: &str) -> Result<Vec<Value>> {
        let page = self.post("/search", &json!({"free_text": [text], "limit": 100}))?;
        Ok(page["records"].as_array().cloned().unwrap_or_default())
    }
}

const CSRF: (&str, &str) = ("X-Eidetic-Request", "1");
