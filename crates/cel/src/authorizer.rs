//! `authorizer`: expressions of admission ask whether somebody may do something.
//!
//! A question is put together step by step (`authorizer.group('').resource('pods').check('list')`), each step a value of its own
//! type, and the last one has the answer.

use kube_cel::cel::{Context, ExecutionError, Value, extractors::This, objects::Opaque};
use minkapi_schema::names;
use std::{fmt, sync::Arc};

/// The types of the steps.
pub const AUTHORIZER: &str = "kubernetes.authorization.Authorizer";
pub const PATH_CHECK: &str = "kubernetes.authorization.PathCheck";
pub const GROUP_CHECK: &str = "kubernetes.authorization.GroupCheck";
pub const RESOURCE_CHECK: &str = "kubernetes.authorization.ResourceCheck";
pub const DECISION: &str = "kubernetes.authorization.Decision";

/// The function that `authorizer.requestResource` becomes, which is a variable of that name upstream.
pub const REQUEST_RESOURCE: &str = "@requestResource";

/// What answers the questions.
pub trait Authorizer: Send + Sync {
    /// Whether the user may do what is asked.
    fn decide(&self, question: &Question) -> Decision;
}

/// Who wants to do what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are those of access reviews")]
pub struct Question {
    pub user: String,
    pub groups: Vec<String>,
    pub verb: String,
    pub group: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    pub path: String,
    /// Selectors as text; empty where there are none.
    pub field_selector: String,
    pub label_selector: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// Whether it may be done.
    pub allowed: bool,
    /// Why.
    pub reason: String,
    /// What went wrong; mostly empty.
    pub error: String,
}

/// A step.
#[derive(Clone)]
struct Step {
    of: &'static str,
    authorizer: Arc<dyn Authorizer>,
    question: Question,
    /// What the request itself is about.
    request: Arc<Question>,
    decision: Decision,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.of).field("question", &self.question).field("decision", &self.decision).finish_non_exhaustive()
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.of == other.of && self.question == other.question && self.decision == other.decision
    }
}

impl Eq for Step {}

impl Opaque for Step {
    fn runtime_type_name(&self) -> &str {
        self.of
    }
}

/// The variable `authorizer` for a request: `request` says who sent it and which resource it is about.
pub fn authorizer(authorizer: Arc<dyn Authorizer>, request: Question) -> Value {
    let question = Question { user: request.user.clone(), groups: request.groups.clone(), ..Question::default() };
    step(Step { of: AUTHORIZER, authorizer, question, request: Arc::new(request), decision: Decision::default() })
}

type Outcome = Result<Value, ExecutionError>;

fn step(step: Step) -> Value {
    Value::Opaque(Arc::new(step))
}

/// The step that a value is, if it is one of these types.
fn of<'v>(value: &'v Value, types: &[&str]) -> Result<&'v Step, ExecutionError> {
    let Value::Opaque(opaque) = value else { return Err(ExecutionError::NoSuchOverload) };
    opaque.downcast_ref::<Step>().filter(|step| types.contains(&step.of)).ok_or(ExecutionError::NoSuchOverload)
}

/// The next step: of another type, with a question that says more.
fn next(value: &Value, from: &str, to: &'static str, say: impl FnOnce(&mut Question)) -> Outcome {
    let mut new = of(value, &[from])?.clone();
    new.of = to;
    say(&mut new.question);
    Ok(step(new))
}

fn given(function: &str, text: &str) -> Result<(), ExecutionError> {
    if text.trim().is_empty() { Err(ExecutionError::function_error(function, format!("{function} must not be empty"))) } else { Ok(()) }
}

fn service_account(value: &Value, namespace: &str, name: &str) -> Outcome {
    let refuse = |what: &str| Err(ExecutionError::function_error("serviceAccount", format!("Invalid service account {what}")));
    if !names::is_dns1123_subdomain(name).is_empty() {
        return refuse("name");
    }
    if !names::is_dns1123_label(namespace).is_empty() {
        return refuse("namespace");
    }
    next(value, AUTHORIZER, AUTHORIZER, |question| {
        question.user = format!("system:serviceaccount:{namespace}:{name}");
        question.groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
    })
}

fn check(value: &Value, verb: &str) -> Outcome {
    let mut new = of(value, &[PATH_CHECK, RESOURCE_CHECK])?.clone();
    verb.clone_into(&mut new.question.verb);
    new.decision = new.authorizer.decide(&new.question);
    new.of = DECISION;
    Ok(step(new))
}

fn request_resource(value: &Value) -> Outcome {
    let mut new = of(value, &[AUTHORIZER])?.clone();
    new.of = RESOURCE_CHECK;
    new.question = Question::clone(&new.request);
    Ok(step(new))
}

type Part = fn(&mut Question) -> &mut String;

/// What a resource check is told more, by function.
const PARTS: [(&str, Part); 5] = [
    ("subresource", |question| &mut question.subresource),
    ("namespace", |question| &mut question.namespace),
    ("name", |question| &mut question.name),
    ("fieldSelector", |question| &mut question.field_selector),
    ("labelSelector", |question| &mut question.label_selector),
];

/// Adds the functions.
pub fn register(context: &mut Context<'_>) {
    context.add_function("path", |This(this): This<Value>, path: Arc<String>| -> Outcome {
        of(&this, &[AUTHORIZER])?;
        given("path", &path)?;
        next(&this, AUTHORIZER, PATH_CHECK, |question| path.as_str().clone_into(&mut question.path))
    });
    context.add_function("group", |This(this): This<Value>, group: Arc<String>| -> Outcome {
        next(&this, AUTHORIZER, GROUP_CHECK, |question| group.as_str().clone_into(&mut question.group))
    });
    context.add_function("serviceAccount", |This(this): This<Value>, namespace: Arc<String>, name: Arc<String>| -> Outcome {
        service_account(&this, &namespace, &name)
    });
    context.add_function("resource", |This(this): This<Value>, resource: Arc<String>| -> Outcome {
        of(&this, &[GROUP_CHECK])?;
        given("resource", &resource)?;
        next(&this, GROUP_CHECK, RESOURCE_CHECK, |question| resource.as_str().clone_into(&mut question.resource))
    });
    for (name, part) in PARTS {
        context.add_function(name, move |This(this): This<Value>, text: Arc<String>| -> Outcome {
            next(&this, RESOURCE_CHECK, RESOURCE_CHECK, |question| text.as_str().clone_into(part(question)))
        });
    }
    context.add_function("check", |This(this): This<Value>, verb: Arc<String>| -> Outcome { check(&this, &verb) });
    context.add_function("allowed", |This(this): This<Value>| -> Outcome { Ok(of(&this, &[DECISION])?.decision.allowed.into()) });
    context.add_function("reason", |This(this): This<Value>| -> Outcome { Ok(of(&this, &[DECISION])?.decision.reason.clone().into()) });
    context
        .add_function("errored", |This(this): This<Value>| -> Outcome { Ok((!of(&this, &[DECISION])?.decision.error.is_empty()).into()) });
    context.add_function("error", |This(this): This<Value>| -> Outcome { Ok(of(&this, &[DECISION])?.decision.error.clone().into()) });
    context.add_function(REQUEST_RESOURCE, |this: Value| request_resource(&this));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Expression, Scope, Type};

    /// Allows reading, and says what it was asked.
    struct Readers;

    impl Authorizer for Readers {
        fn decide(&self, q: &Question) -> Decision {
            let reason = format!("{} {} {}{} {}/{} {}", q.user, q.verb, q.path, q.group, q.namespace, q.resource, q.groups.join(","));
            Decision { allowed: q.verb == "get", reason, error: String::new() }
        }
    }

    fn value(source: &str) -> Result<Value, String> {
        let scope = Scope::new().with("authorizer", Type::Library(AUTHORIZER));
        let request = Question {
            user: "ann".to_owned(),
            groups: vec!["g".to_owned()],
            resource: "pods".to_owned(),
            namespace: "x".to_owned(),
            ..Question::default()
        };
        Expression::compile(source, &scope)?.evaluate(&[("authorizer", authorizer(Arc::new(Readers), request))])
    }

    #[test]
    fn questions_are_asked_for_the_user_of_the_request_or_a_service_account() {
        for source in [
            "authorizer.path('/healthz').check('get').allowed()",
            "authorizer.path('/healthz').check('get').reason() == 'ann get /healthz / g'",
            "!authorizer.group('apps').resource('deployments').namespace('y').name('z').check('update').allowed()",
            "authorizer.group('apps').resource('deployments').namespace('y').check('list').reason() == 'ann list apps y/deployments g'",
            "authorizer.requestResource.check('create').reason() == 'ann create  x/pods g'",
            "authorizer.serviceAccount('n', 'bot').path('/v').check('get').reason().startsWith('system:serviceaccount:n:bot get /v')",
            "!(authorizer == null) && type(authorizer) != string && [authorizer.path('/x')].size() == 1",
            "!authorizer.path('/x').check('get').errored() && authorizer.path('/x').check('get').error() == ''",
        ] {
            assert_eq!(value(source), Ok(Value::Bool(true)), "{source}");
        }
    }

    #[test]
    fn what_cannot_be_asked_is_told_when_it_is_compiled_or_asked() {
        let told = |source: &str| value(source).unwrap_err();
        assert_eq!(told("authorizer.path(' ').check('get').allowed()"), "path must not be empty");
        assert_eq!(told("authorizer.group('').resource('').check('get').allowed()"), "resource must not be empty");
        assert_eq!(told("authorizer.serviceAccount('', 'a').path('/x').check('get').allowed()"), "Invalid service account namespace");
        assert!(
            told("authorizer.group('').check('x')")
                .contains(":1:27: found no matching overload for 'check' applied to 'kubernetes.authorization.GroupCheck.(string)'")
        );
        assert!(
            told("authorizer.serviceAccount('n', 'a').requestResource.check('get').allowed()")
                .contains("unexpected failed resolution of 'kubernetes.authorization.Authorizer'")
        );
    }
}
