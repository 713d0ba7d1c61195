//! What is asked for, and by whom.

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// User name.
    pub name: &'a str,
    /// Groups.
    pub groups: &'a [String],
}

/// What somebody wants to do: something with a resource, or with a path that is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes<'a> {
    /// `get`, `list`, `deletecollection`, ...; of paths the method in lower case.
    pub verb: &'a str,
    /// The API group; empty for core.
    pub group: &'a str,
    /// The resource; empty when the path is none.
    pub resource: &'a str,
    /// The subresource, if any.
    pub subresource: &'a str,
    /// The namespace; empty at the cluster scope.
    pub namespace: &'a str,
    /// The object's name; empty for collections.
    pub name: &'a str,
    /// The path, when it is not that of a resource.
    pub path: &'a str,
}

impl Attributes<'_> {
    /// Whether this is about a resource.
    pub const fn is_resource(&self) -> bool {
        self.path.is_empty()
    }
}
