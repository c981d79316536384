using System.Text.Json.Nodes;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;

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

    /// <summary>Precision of both sides.</summary>
    public Precision Precision { get; private set; }

    /// <summary>
    /// Tile of our products, as <see cref="TileAlgorithms"/> takes it, or null if the device's table or the fixed rule chooses.
    /// </summary>
    public string? Tile { get; private set; }

    /// <summary>The pass, the precision unless it is float32, and the tile if it is given.</summary>
    public string Label => string.Join(
        ", ", new[] { Pass, Precision == Precision.Float32 ? null : Precision.Name(), Tile }.Where(part => part is not null));

    /// <summary>The amount of work in one run.</summary>
    public abstract Work Work { get; }

    /// <summary>Number of values in the result.</summary>
    public abstract long ResultCount { get; }

    /// <summary>Largest number of rounds.</summary>
    public virtual int MostRounds => int.MaxValue;

    /// <summary>The result at a row-major position.</summary>
    public abstract Expected ExpectedAt(long position);

    /// <summary>Bytes of a value of a tensor between layers.</summary>
    protected int ValueBytes => Precision == Precision.BFloat16 ? 2 : sizeof(float);

    /// <summary>Returns the same workload at a precision.</summary>
    public Workload At(Precision precision)
    {
        var copy = (Workload)MemberwiseClone();
        copy.Precision = precision;
        return copy;
    }

    /// <summary>Returns the same workload at the precision and in the tile of another.</summary>
    protected Workload Like(Workload other)
    {
        Workload copy = At(other.Precision);
        copy.Tile = other.Tile;
        return copy;
    }

    /// <summary>Returns the same workload with our products in a tile.</summary>
    public Workload In(string tile)
    {
        var copy = (Workload)MemberwiseClone();
        copy.Tile = tile;
        return copy;
    }

    /// <summary>The same workload with expected values taken from another side, if there is no formula for them.</summary>
    internal virtual Workload Expecting(IReadOnlyList<long> positions, Func<IReadOnlyList<double>> reference) => this;

    /// <summary>Prepares our side: after this, a run consists only of the launches of the pass.</summary>
    internal abstract Subject Open(Device device);

    /// <summary>The request to the peer.</summary>
    internal JsonObject Request()
    {
        JsonObject request = Sizes();
        request["pass"] = Pass;
        request["precision"] = Precision.Name();
        return request;
    }

    /// <summary>The peer's operation and its sizes.</summary>
    protected abstract JsonObject Sizes();

    public override string ToString() => $"{Name}, {Label}";
}
