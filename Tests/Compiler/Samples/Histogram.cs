using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>Counts of values by their low bits, in shared and then in global memory, and the extremes: integer atomics.</summary>
[Kernel(64)]
public readonly partial struct Histogram([Specialization] int bins, ReadOnlyView<uint> values, View<int> counts, View<uint> extremes,
    View<int> order, int count)
{
    public void Execute()
    {
        View<int> own = Shared.Array<int>(bins);
        for (int i = ThreadId.X; i < bins; i += GroupSize.X) own[i] = 0;
        Group.Barrier();
        int at = GlobalId.X;
        if (at < count)
        {
            uint value = values[at];
            Atomic.Add(own, (int)(value % (uint)bins), 1);
            Atomic.Min(extremes, 0, value);
            Atomic.Max(extremes, 1, value);
            Atomic.Xor(extremes, 2, value);
            Atomic.Or(extremes, 3, value);
            Atomic.And(extremes, 4, value);
            int seen = Atomic.CompareExchange(order, 0, -1, at);
            if (seen == -1) Atomic.Exchange(order, 1, at + 1);
        }
        Group.Barrier();
        for (int i = ThreadId.X; i < bins; i += GroupSize.X)
        {
            int had = own[i];
            if (had > 0) Atomic.Add(counts, i, had);
        }
    }
}
