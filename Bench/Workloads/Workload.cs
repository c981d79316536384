using System.Text.Json.Nodes;
using GpuCnn.Engine.Devices;

namespace GpuCnn.Bench.Workloads;

/// <summary>One result as float64 arithmetic gives it, with the root of the summed squares of its terms: the size that rounding errors go by.</summary>
public readonly record struct Expected(double Value, double Magnitude);

/// <summary>Something to measure that both sides can run on the same numbers, and what the result has to be.</summary>
public abstract class Workload
{
    /// <summary>What <c>--only</c> selects by: conv, memory, linear, lenet, networks.</summary>
    public abstract string Group { get; }

    /// <summary>Operator and shape.</summary>
    public abstract string Name { get; }

    public abstract string Pass { get; }

    /// <summary>What one run is worth.</summary>
    public abstract Work Work { get; }

    /// <summary>Values of the result.</summary>
    public abstract long ResultCount { get; }

    /// <summary>Rounds that it is measured in at most.</summary>
    public virtual int MostRounds => int.MaxValue;

    /// <summary>The result at a row-major position.</summary>
    public abstract Expected ExpectedAt(long position);

    /// <summary>The same workload with what is expected at some positions, where only what others got there tells it.</summary>
    internal virtual Workload Expecting(IReadOnlyList<long> positions, Func<IReadOnlyList<double>> reference) => this;

    /// <summary>Readies our side: after this, a run is only the launches of the pass.</summary>
    internal abstract Subject Open(Device device);

    /// <summary>What the other side is asked for.</summary>
    internal JsonObject Request()
    {
        JsonObject request = Sizes();
        request["pass"] = Pass;
        return request;
    }

    /// <summary>The other side's operation and its sizes.</summary>
    protected abstract JsonObject Sizes();

    public override string ToString() => $"{Name}, {Pass}";
}
