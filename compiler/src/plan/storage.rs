//! Which nodes share memory: results that are computed in place, reshapes, and parts of a concatenation that
//! are written straight into it.
//!
//! Nodes that share form a tree, whose root's shape the memory has. Trees are joined only if nothing is
//! overwritten that is still read, and no kernel reads the memory that it writes, unless in place.

use crate::graph::{Graph, NodeId, Op, Shape};

/// Where a node's value lies in the memory of its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The node whose shape the memory has.
    pub(super) root: NodeId,
    /// First float.
    pub(super) offset: usize,
    /// Floats from one pixel to the next.
    pub(super) pitch: usize,
}

/// The memory of every node.
#[derive(Debug)]
pub(super) struct Storage<'g> {
    graph: &'g Graph,
    places: Vec<Place>,
    /// The nodes in each root's memory.
    members: Vec<Vec<NodeId>>,
    /// For each node, its inputs whose memory it takes over.
    taken: Vec<Vec<NodeId>>,
    /// For each node, the last node that reads it; past the last node for an output.
    last_use: Vec<NodeId>,
    /// For each node, what is read to compute it; nothing for one that is not computed.
    reads: Vec<Vec<NodeId>>,
    /// For each node, whether its reader reads in its place what it would read.
    bypassed: Vec<bool>,
    /// For each node, whether it is computed at the turn of a reader.
    deferred: Vec<bool>,
}

impl<'g> Storage<'g> {
    /// Every node by itself, but for reshapes, which are free.
    pub(super) fn new(graph: &'g Graph) -> Self {
        let count = graph.nodes.len();
        let mut last_use: Vec<NodeId> = (0..count).collect();
        for (id, node) in graph.nodes.iter().enumerate() {
            for &input in &node.inputs {
                last_use[input] = id;
            }
        }
        for &(_, id) in &graph.outputs {
            last_use[id] = count;
        }
        let alone = |root: NodeId| Place { root, offset: 0, pitch: graph.nodes[root].shape.channels() };
        let mut storage = Self {
            graph,
            places: (0..count).map(alone).collect(),
            members: (0..count).map(|id| vec![id]).collect(),
            taken: vec![Vec::new(); count],
            last_use,
            reads: graph.nodes.iter().map(|node| node.inputs.clone()).collect(),
            bypassed: vec![false; count],
            deferred: vec![false; count],
        };
        for (id, node) in graph.nodes.iter().enumerate() {
            if matches!(node.op, Op::Reshape) {
                storage.taken[id].push(node.inputs[0]);
                storage.join(id, node.inputs[0], 0);
            }
        }
        storage
    }

    /// Lets `id` overwrite its input, if it may.
    pub(super) fn overwrite(&mut self, id: NodeId, input: NodeId) -> Result<(), &'static str> {
        let place = self.places[input];
        if self.is_input(place.root) {
            return Err("an input of the network is only read");
        }
        if place.pitch != self.graph.nodes[input].shape.channels() && self.must_be_dense(id) {
            return Err("its input lies between the channels of a concatenation");
        }
        self.try_join((id, input), id, input, 0)
    }

    /// Puts `part` into the channels from `channel` on of the concatenation `id`, if that may be.
    pub(super) fn view(&mut self, id: NodeId, part: NodeId, channel: usize) -> Result<(), &'static str> {
        let Place { root, .. } = self.places[part];
        if root == self.places[id].root {
            return Err("it lies in the same memory already");
        }
        if self.is_input(root) {
            return Err("it is an input of the network");
        }
        if self.graph.nodes[root].shape.elements() != self.graph.nodes[part].shape.elements() {
            return Err("it lies in another concatenation");
        }
        if pixels(self.graph.nodes[id].shape) > 1 && self.must_be_dense(root) {
            return Err("it must lie in one piece, for a reshape or as an output");
        }
        self.try_join((id, part), root, id, channel)
    }

    /// Lets the only reader of `node`, which keeps nothing of its own then, read what the node would.
    pub(super) fn bypass(&mut self, node: NodeId, reader: NodeId) {
        let sources = core::mem::take(&mut self.reads[node]);
        for &source in &sources {
            self.last_use[source] = self.last_use[source].max(reader);
        }
        let list = &mut self.reads[reader];
        if let Some(at) = list.iter().position(|&read| read == node) {
            list.splice(at..=at, sources);
        }
        self.bypassed[node] = true;
    }

    /// Lets `node` be computed at the turn of `reader`, before which nothing reads it.
    pub(super) fn defer(&mut self, node: NodeId, reader: NodeId) {
        let sources = self.reads[node].clone();
        for &source in &sources {
            self.last_use[source] = self.last_use[source].max(reader);
        }
        self.reads[reader].extend(sources);
        self.deferred[node] = true;
    }

    /// The nodes that are read to compute this one.
    pub(super) fn reads(&self, id: NodeId) -> &[NodeId] {
        &self.reads[id]
    }

    /// Whether the node's reader reads in its place what it would read.
    pub(super) fn is_bypassed(&self, id: NodeId) -> bool {
        self.bypassed[id]
    }

    /// Whether steps are to be made at the node's turn.
    pub(super) fn has_turn(&self, id: NodeId) -> bool {
        self.writes(id) && !self.deferred[id]
    }

    /// Where a node's value lies.
    pub(super) fn place(&self, id: NodeId) -> Place {
        self.places[id]
    }

    /// Whether the node takes over its input's memory.
    pub(super) fn takes(&self, id: NodeId, input: NodeId) -> bool {
        self.taken[id].contains(&input)
    }

    /// Whether a kernel writes the node's memory at its turn.
    pub(super) fn writes(&self, id: NodeId) -> bool {
        let node = &self.graph.nodes[id];
        match node.op {
            _ if self.bypassed[id] => false,
            Op::Input(_) | Op::Reshape => false,
            Op::Concat => node.inputs.iter().any(|&input| !self.takes(id, input)),
            _ => true,
        }
    }

    /// The first and the last node at whose turn the memory of this root is in use; `None` for an input of the
    /// network or what is no root.
    pub(super) fn lifetime(&self, root: NodeId) -> Option<(NodeId, NodeId)> {
        let members = &self.members[root];
        if self.is_input(root) {
            return None;
        }
        let last = members.iter().map(|&id| self.last_use[id]).max()?;
        let first = members.iter().copied().filter(|&id| self.writes(id)).min()?;
        Some((first, last))
    }

    fn is_input(&self, root: NodeId) -> bool {
        matches!(self.graph.nodes[root].op, Op::Input(_))
    }

    /// Whether a value in this root's memory is read as one run of floats.
    fn must_be_dense(&self, root: NodeId) -> bool {
        self.members[root].iter().any(|&member| {
            matches!(self.graph.nodes[member].op, Op::Reshape)
                || self.last_use[member] == self.graph.nodes.len()
        })
    }

    /// Joins the tree of the root `child` to the one of `parent`, from this channel of it on, unless a member of
    /// either tree would then spoil one of the other. With it, the first node takes over the second's memory.
    fn try_join(
        &mut self,
        (id, taken): (NodeId, NodeId),
        child: NodeId,
        parent: NodeId,
        channel: usize,
    ) -> Result<(), &'static str> {
        self.taken[id].push(taken);
        let fault = self.fault(child, parent, channel);
        match fault {
            None => self.join(child, parent, channel),
            Some(_) => _ = self.taken[id].pop(),
        }
        fault.map_or(Ok(()), Err)
    }

    /// Why the trees cannot be joined.
    fn fault(&self, child: NodeId, parent: NodeId, channel: usize) -> Option<&'static str> {
        let other = self.places[parent].root;
        for &a in &self.members[child] {
            let (start, end) = self.range(a, self.moved(a, parent, channel));
            for &b in &self.members[other] {
                if self.reads_beside(a, b) || self.reads_beside(b, a) {
                    return Some("a kernel would read the memory that it writes");
                }
                let range = self.range(b, self.places[b]);
                let overlaps = start < range.1 && range.0 < end;
                if overlaps && (self.spoils(a, b) || self.spoils(b, a)) {
                    return Some("what it overwrites is read later");
                }
            }
        }
        None
    }

    fn join(&mut self, child: NodeId, parent: NodeId, channel: usize) {
        let members = core::mem::take(&mut self.members[child]);
        for &member in &members {
            self.places[member] = self.moved(member, parent, channel);
        }
        self.members[self.places[parent].root].extend(members);
    }

    /// The place of `member` once its root lies in the parent's memory.
    fn moved(&self, member: NodeId, parent: NodeId, channel: usize) -> Place {
        let (own, target) = (self.places[member], self.places[parent]);
        let (size, parent_size) =
            (pixels(self.graph.nodes[member].shape), pixels(self.graph.nodes[parent].shape));
        let pitch = if size == parent_size && size > 1 { target.pitch } else { own.pitch };
        Place { root: target.root, offset: target.offset + channel + own.offset, pitch }
    }

    /// The floats of a root's pixel that a member covers.
    fn range(&self, id: NodeId, place: Place) -> (usize, usize) {
        let width = self.graph.nodes[id].shape.elements() / pixels(self.graph.nodes[place.root].shape);
        (place.offset, place.offset + width)
    }

    /// Whether `writer`, if on the same floats, writes over `value` while that is needed.
    fn spoils(&self, writer: NodeId, value: NodeId) -> bool {
        let last = self.last_use[value];
        let kept = self.takes(writer, value)
            && (last == writer || matches!(self.graph.nodes[writer].op, Op::Concat));
        value < writer && last >= writer && !kept && self.writes(writer)
    }

    /// Whether `writer` reads `value`, not in place, from the memory that it writes.
    fn reads_beside(&self, writer: NodeId, value: NodeId) -> bool {
        self.reads[writer].contains(&value) && !self.takes(writer, value) && self.writes(writer)
    }
}

const fn pixels(shape: Shape) -> usize {
    let [height, width, _] = shape.extents();
    height * width
}
