using System.Collections.Immutable;
using ILGPU.IR;
using ILGPU.IR.Analyses;
using ILGPU.IR.Construction;
using ILGPU.IR.Transformations;
using ILGPU.IR.Values;
using Blocks = ILGPU.IR.BasicBlockCollection<ILGPU.IR.Analyses.TraversalOrders.ReversePostOrder,
    ILGPU.IR.Analyses.ControlFlowDirection.Forwards>;
using Loop = ILGPU.IR.Analyses.Loops<ILGPU.IR.Analyses.TraversalOrders.ReversePostOrder,
    ILGPU.IR.Analyses.ControlFlowDirection.Forwards>.Node;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>
/// Unrolls loops with a known trip count: they run from constants to a constant and leave only at the head. ILGPU's own pass gives wrong
/// results for "continue" and partial unrolling. This one unrolls whole loops, innermost first, and leaves others unchanged.
/// </summary>
/// <param name="mostRounds">Most iterations of a loop to unroll.</param>
internal sealed class LoopUnroller(int mostRounds) : UnorderedTransformation
{
    /// <summary>Most operations that one loop may become.</summary>
    private const int MostValues = 32_768;

    /// <summary>Whether the last run changed anything.</summary>
    public bool HasChanged { get; private set; }

    protected override bool PerformTransformation(Method.Builder builder)
    {
        HasChanged = false;
        builder.AcceptControlFlowUpdates(accept: true);
        var changed = new HashSet<BasicBlock>();
        foreach (Loop loop in builder.SourceBlocks.CreateCFG().CreateLoops())
        {
            if (!loop.IsInnermostLoop || Candidate.Of(loop) is not { } candidate
                || candidate.Rounds(mostRounds) is not { } rounds) continue;
            // A loop that touches one unrolled in this run waits for the next run, which sees the changed method.
            if (candidate.Touched.Any(changed.Contains) || (long)rounds * candidate.Values > MostValues) continue;
            changed.UnionWith(candidate.Touched);
            Unroll(builder, candidate, rounds);
            HasChanged = true;
        }
        return HasChanged;
    }

    private static void Unroll(Method.Builder builder, Candidate loop, int rounds)
    {
        // Values at the head at the start of each round.
        Dictionary<Value, Value> values = loop.Phis.ToDictionary(phi => (Value)phi, phi => loop.Initial(phi));
        BasicBlock.Builder? previous = null;
        BasicBlock? first = null;
        for (int round = 0; round < rounds; round++)
        {
            IRRebuilder copy = IRRebuilder.Create(builder, values, loop.Ordered);
            copy.Rebuild();
            BasicBlock.Builder head = copy[loop.Head], back = copy[loop.Back];
            head.CreateBranch(loop.Head.Location, copy[loop.Body]);
            first ??= head.BasicBlock;
            previous?.CreateBranch(loop.Head.Location, head.BasicBlock);
            previous = back;
            values = loop.Phis.ToDictionary(phi => (Value)phi, phi => copy[loop.Next(phi)]);
        }
        // The head runs once more, and leaves.
        IRRebuilder last = IRRebuilder.Create(builder, values, new Blocks(loop.Head, [loop.Head]));
        last.Rebuild();
        BasicBlock.Builder end = last[loop.Head];
        end.CreateBranch(loop.Head.Location, loop.Exit);
        previous?.CreateBranch(loop.Head.Location, end.BasicBlock);
        first ??= end.BasicBlock;

        loop.Entry.GetTerminatorAs<Branch>().RemapTargets(builder[loop.Entry], new Redirection(loop.Head, first));
        builder[loop.Exit].RemapPhiArguments(new Source(loop.Head, end.BasicBlock));
        foreach (BasicBlock.ValueEntry entry in loop.Head)
        {
            Value value = entry.Value;
            if (value is TerminatorValue) continue;
            Value result = last[value];
            if (!ReferenceEquals(result, value)) value.Replace(result);
        }
        foreach (BasicBlock block in loop.Ordered) builder[block].Clear();
    }

    /// <summary>A loop with one entry, one back edge and one exit, at its head.</summary>
    private sealed class Candidate
    {
        private bool _leavesWhenTrue;

        public required BasicBlock Entry { get; init; }

        public required BasicBlock Head { get; init; }

        public required BasicBlock Back { get; init; }

        public required BasicBlock Exit { get; init; }

        /// <summary>The head's successor within the loop.</summary>
        public required BasicBlock Body { get; init; }

        public required Blocks Ordered { get; init; }

        public required ImmutableArray<PhiValue> Phis { get; init; }

        public int Values => Ordered.AsImmutable().Sum(block => block.Count);

        public IEnumerable<BasicBlock> Touched => [Entry, Exit, .. Ordered.AsImmutable()];

        public static Candidate? Of(Loop loop)
        {
            if (loop.Headers.Length != 1 || loop.BackEdges.Length != 1 || loop.Entries.Length != 1 || loop.Exits.Length != 1) return null;
            BasicBlock head = loop.Headers[0], exit = loop.Exits[0], back = loop.BackEdges[0], entry = loop.Entries[0];
            if (head.Terminator is not IfBranch branch || back.Terminator is not UnconditionalBranch) return null;
            bool leavesWhenTrue = branch.TrueTarget == exit;
            BasicBlock body = leavesWhenTrue ? branch.FalseTarget : branch.TrueTarget;
            if (body == exit || (branch.FalseTarget != exit && !leavesWhenTrue) || !loop.Contains(body)) return null;
            var ordered = new Blocks(head, InPostOrder(loop, head));
            foreach (BasicBlock block in ordered)
                if (block != head && block.Successors.ToArray().Any(next => !loop.Contains(next))) return null;
            ImmutableArray<PhiValue> phis = [.. Members(head).OfType<PhiValue>()];
            if (phis.Any(phi => phi.Sources.Length != 2 || phi.GetValue(entry) is null || phi.GetValue(back) is null)) return null;
            return new()
            {
                Entry = entry,
                Head = head,
                Back = back,
                Exit = exit,
                Body = body,
                Ordered = ordered,
                Phis = phis,
                _leavesWhenTrue = leavesWhenTrue,
            };
        }

        public Value Initial(PhiValue phi) => phi.GetValue(Entry)!;

        public Value Next(PhiValue phi) => phi.GetValue(Back)!;

        /// <summary>Returns how often the body runs, or null if that is unknown or more than <paramref name="most"/>.</summary>
        public int? Rounds(int most)
        {
            var known = new Dictionary<Value, long>();
            foreach (PhiValue phi in Phis)
                if (Constants.Of(Initial(phi), known) is { } value) known[phi] = value;
            Value condition = Head.GetTerminatorAs<IfBranch>().Condition;
            for (int rounds = 0; rounds <= most; rounds++)
            {
                if (Constants.Of(condition, known) is not { } holds) return null;
                if (holds != 0 == _leavesWhenTrue) return rounds;
                var next = new Dictionary<Value, long>();
                foreach (PhiValue phi in Phis)
                    if (Constants.Of(Next(phi), known) is { } value) next[phi] = value;
                known = next;
            }
            return null;
        }

        /// <summary>
        /// Returns the loop's blocks in post-order: a collection in reverse post-order stores them like this and reads from the end.
        /// </summary>
        private static ImmutableArray<BasicBlock> InPostOrder(Loop loop, BasicBlock head)
        {
            var found = new List<BasicBlock>();
            var seen = new HashSet<BasicBlock>();
            Visit(head);
            return [.. found];

            void Visit(BasicBlock block)
            {
                if (!loop.Contains(block) || !seen.Add(block)) return;
                foreach (BasicBlock next in block.Successors) Visit(next);
                found.Add(block);
            }
        }

        private static IEnumerable<Value> Members(BasicBlock block)
        {
            foreach (BasicBlock.ValueEntry entry in block) yield return entry.Value;
        }
    }

    /// <summary>Redirects branches from one block to another.</summary>
    private readonly struct Redirection(BasicBlock from, BasicBlock to) : TerminatorValue.ITargetRemapper
    {
        public bool CanRemap(in ReadOnlySpan<BasicBlock> blocks) => blocks.ToArray().Contains(from);

        public BasicBlock Remap(BasicBlock block) => block == from ? to : block;
    }

    /// <summary>Replaces one source block of phi values by another.</summary>
    private readonly struct Source(BasicBlock from, BasicBlock to) : PhiValue.IArgumentRemapper
    {
        public bool CanRemap(PhiValue phiValue) => phiValue.Sources.ToArray().Contains(from);

        public bool TryRemap(PhiValue phiValue, BasicBlock block, out BasicBlock newBlock)
        {
            newBlock = block == from ? to : block;
            return true;
        }

        public Value RemapValue(PhiValue phiValue, BasicBlock updatedBlock, Value value) => value;
    }
}
