namespace GpuCnn.Bench.Workloads;

/// <summary>The amount of work in a run of a workload; rates divide it by the time.</summary>
public sealed record Work(double Amount, string Unit, double Scale)
{
    /// <summary>A multiply-add counts as two operations. A convolution counts as direct, however it is computed.</summary>
    public static Work MultiplyAdds(long count) => new(2.0 * count, "GFLOP/s", 1e9);

    /// <summary>Bytes to move if every tensor is read or written once.</summary>
    public static Work Bytes(long count) => new(count, "GB/s", 1e9);

    public static Work Images(int count) => new(count, "images/s", 1);

    public double Rate(double seconds) => Amount / Scale / seconds;

    /// <summary>The amount as text: "1.85 GFLOP".</summary>
    public string Counted => Scale == 1 ? $"{Amount:F0} images" : $"{Amount / Scale:G3} {Unit[..^2]}";
}
