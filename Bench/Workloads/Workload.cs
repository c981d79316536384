using System.Text.Json.Nodes;
using GpuCnn.Engine.Devices;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// One result in float64 arithmetic, with the root of the summed squares of its terms, to which rounding errors are proportional.
/// </summary>
public readonly record struct Expected(double Value, double Magnitude);

/// <summary>Work to measure, which both sides can run on the same numbers, and its expected result.</summary>
public abstract class Workload
{
    /// <summary>Group that <c>--only</c> selects: conv, memory, linear, lenet, networks.</summary>
    public abstract string Group { get; }

    /// <summary>Operator and shape.</summary>
    public abstract string Name { get; }

    public abstract string Pass { get; }

    /// <summary>The amount of work in one run.</summary>
    public abstract Work Work { get; }

    /// <summary>Number of values in the result.</summary>
    public abstract long ResultCount { get; }

    /// <summary>Largest number of rounds.</summary>
    public virtual int MostRounds => int.MaxValue;

    /// <summary>The result at a row-major position.</summary>
    public abstract Expected ExpectedAt(long position);

    /// <summary>The same workload with expected values taken from another side, if there is no formula for them.</summary>
    internal virtual Workload Expecting(IReadOnlyList<long> positions, Func<IReadOnlyList<double>> reference) => this;

    /// <summary>Prepares our side: after this, a run consists only of the launches of the pass.</summary>
    internal abstract Subject Open(Device device);

    /// <summary>The request to the peer.</summary>
    internal JsonObject Request()
    {
        JsonObject request = Sizes();
        request["pass"] = Pass;
        return request;
    }

    /// <summary>The peer's operation and its sizes.</summary>
    protected abstract JsonObject Sizes();

    public override string ToString() => $"{Name}, {Pass}";
}
