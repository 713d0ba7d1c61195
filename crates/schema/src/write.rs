//! JSON with the members of every struct in the order of its Go type, as kube-apiserver writes built-in kinds.

use minkapi_object::{Layout, write_json, write_text};
use minkapi_registry::{Alternative, Schema, Shape, Struct, start_of};
use serde_json::{Map, Value};

/// The layout of objects of this type.
#[derive(Debug, Clone, Copy)]
pub struct GoOrder<'a>(pub &'a Struct);

impl GoOrder<'_> {
    /// Writes a whole object.
    pub fn write_object(self, object: &Value, out: &mut Vec<u8>) {
        match object {
            Value::Object(members) => write_struct(members, self.0, out),
            other => write_json(out, other),
        }
    }

    /// Writes an object that a patch has gone into: the members of what it has opened stand in order of name, all else in
    /// that of the type. `opened` is a tree of the names on the way.
    pub fn write_opened(self, object: &Value, opened: &Value, out: &mut Vec<u8>) {
        write_opened(object, Within::Struct(self.0), opened, out);
    }
}

/// What is known of a value's members.
#[derive(Clone, Copy)]
enum Within<'s> {
    Struct(&'s Struct),
    Schema(&'s Schema),
    Unknown,
}

impl<'s> Within<'s> {
    fn member(self, key: &str) -> Self {
        let of_struct = |of: &'s Struct| of.field(key).map_or(Self::Unknown, |field| Self::Schema(&field.schema));
        match self {
            Self::Struct(of) => of_struct(of),
            Self::Schema(schema) => match &schema.shape {
                Shape::Struct(of) | Shape::SchemaOr(of, _) => of_struct(of),
                Shape::Map(inner) | Shape::List(inner) => Self::Schema(inner),
                _ => Self::Unknown,
            },
            Self::Unknown => Self::Unknown,
        }
    }

    fn write(self, value: &Value, out: &mut Vec<u8>) {
        match self {
            Self::Struct(of) => GoOrder(of).write_object(value, out),
            Self::Schema(schema) => write_value(value, schema, out),
            Self::Unknown => write_json(out, value),
        }
    }
}

fn write_opened(value: &Value, within: Within<'_>, opened: &Value, out: &mut Vec<u8>) {
    match (value, opened) {
        (Value::Object(members), Value::Object(inner)) => {
            out.push(b'{');
            for (i, (key, member)) in members.iter().enumerate() {
                push_key(i, key, out);
                write_opened(member, within.member(key), inner.get(key).unwrap_or(&Value::Null), out);
            }
            out.push(b'}');
        }
        (Value::Array(items), Value::Object(inner)) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_opened(item, within.member(""), inner.get(&i.to_string()).unwrap_or(&Value::Null), out);
            }
            out.push(b']');
        }
        _ => within.write(value, out),
    }
}

impl Layout for GoOrder<'_> {
    fn members<'a>(&self, object: &'a Map<String, Value>) -> Vec<(&'a str, &'a Value)> {
        ordered(object, self.0).into_iter().map(|member| (member.key, member.value)).collect()
    }

    fn write(&self, path: &[&str], value: &Value, out: &mut Vec<u8>) {
        let Some((last, above)) = path.split_last() else { return write_json(out, value) };
        let holder = above.iter().try_fold(self.0, |of, key| match &of.field(key)?.schema.shape {
            Shape::Struct(inner) => Some(&**inner),
            _ => None,
        });
        match holder.and_then(|of| of.field(last)) {
            Some(field) => write_value(value, &field.schema, out),
            None => write_json(out, value),
        }
    }
}

struct Member<'v, 's> {
    order: u8,
    key: &'v str,
    value: &'v Value,
    schema: Option<&'s Schema>,
}

/// Members in the order of the type; those it does not know come last.
fn ordered<'v, 's>(members: &'v Map<String, Value>, of: &'s Struct) -> Vec<Member<'v, 's>> {
    let mut fields = of.fields.iter().peekable();
    let mut all: Vec<_> = members
        .iter()
        .map(|(key, value)| {
            // Both are in order of name.
            let start = start_of(key);
            while fields.next_if(|field| field.start < start || field.start == start && *field.name < **key).is_some() {}
            let field = fields.next_if(|field| field.start == start && *field.name == **key);
            Member { order: field.map_or(u8::MAX, |f| f.order), key, value, schema: field.map(|f| &f.schema) }
        })
        .collect();
    all.sort_by_key(|member| member.order);
    all
}

fn write_struct(members: &Map<String, Value>, of: &Struct, out: &mut Vec<u8>) {
    out.push(b'{');
    for (i, member) in ordered(members, of).into_iter().enumerate() {
        push_key(i, member.key, out);
        match member.schema {
            Some(schema) => write_value(member.value, schema, out),
            None => write_json(out, member.value),
        }
    }
    out.push(b'}');
}

fn write_value(value: &Value, schema: &Schema, out: &mut Vec<u8>) {
    match (&schema.shape, value) {
        (Shape::Struct(of) | Shape::SchemaOr(of, _), Value::Object(members)) => write_struct(members, of, out),
        (Shape::SchemaOr(of, Alternative::Schemas), Value::Array(list)) => {
            write_list(list, out, |item, out| GoOrder(of).write_object(item, out))
        }
        (Shape::List(items), Value::Array(list)) if !is_flat(items) => write_list(list, out, |item, out| write_value(item, items, out)),
        (Shape::Map(values), Value::Object(members)) if !is_flat(values) => {
            out.push(b'{');
            for (i, (key, value)) in members.iter().enumerate() {
                push_key(i, key, out);
                write_value(value, values, out);
            }
            out.push(b'}');
        }
        _ => write_json(out, value),
    }
}

/// Whether values of this schema hold no struct.
fn is_flat(schema: &Schema) -> bool {
    match &schema.shape {
        Shape::Struct(_) | Shape::SchemaOr(..) => false,
        Shape::List(inner) | Shape::Map(inner) => is_flat(inner),
        _ => true,
    }
}

fn write_list(list: &[Value], out: &mut Vec<u8>, write: impl Fn(&Value, &mut Vec<u8>)) {
    out.push(b'[');
    for (i, item) in list.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

fn push_key(i: usize, key: &str, out: &mut Vec<u8>) {
    if i > 0 {
        out.push(b',');
    }
    write_text(out, key);
    out.push(b':');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(kind: &str, object: &Value) -> String {
        let mut out = Vec::new();
        GoOrder(minkapi_registry::struct_named(kind).unwrap()).write_object(object, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn members_stand_in_the_order_of_the_go_type() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"uid": "u", "name": "a", "labels": {"b": "", "a": ""}},
            "spec": {"containers": [{"image": "i", "name": "c", "env": []}], "volumes": [{"name": "v", "emptyDir": {}}]},
            "status": {},
        });
        assert_eq!(
            written("io.k8s.api.core.v1.Pod", &pod),
            concat!(
                r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","uid":"u","labels":{"a":"","b":""}},"#,
                r#""spec":{"volumes":[{"name":"v","emptyDir":{}}],"containers":[{"name":"c","image":"i","env":[]}]},"status":{}}"#
            )
        );
    }

    #[test]
    fn what_a_patch_has_opened_is_in_order_of_name() {
        let pod = json!({"kind": "Pod", "metadata": {"uid": "u", "name": "a"}, "spec": {"containers": [{"image": "i", "name": "c"}], "volumes": []}});
        let of = GoOrder(minkapi_registry::struct_named("io.k8s.api.core.v1.Pod").unwrap());
        let mut out = Vec::new();
        of.write_opened(&pod, &json!({"spec": {}}), &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"kind":"Pod","metadata":{"name":"a","uid":"u"},"spec":{"containers":[{"name":"c","image":"i"}],"volumes":[]}}"#
        );
    }

    #[test]
    fn a_layout_writes_any_member() {
        let pod = minkapi_registry::struct_named("io.k8s.api.core.v1.Pod").unwrap();
        let mut out = Vec::new();
        GoOrder(pod).write(&["metadata", "ownerReferences"], &json!([{"uid": "u", "kind": "K", "name": "n"}]), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), r#"[{"kind":"K","name":"n","uid":"u"}]"#);
    }
}
