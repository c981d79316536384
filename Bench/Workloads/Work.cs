namespace GpuCnn.Bench.Workloads;

/// <summary>What a run of a workload is worth: the number that is divided by its time.</summary>
public sealed record Work(double Amount, string Unit, double Scale)
{
    /// <summary>A multiply-add counts as two operations. A convolution is counted as direct, however it is computed.</summary>
    public static Work MultiplyAdds(long count) => new(2.0 * count, "GFLOP/s", 1e9);

    /// <summary>The bytes that have to move if every tensor is read or written once.</summary>
    public static Work Bytes(long count) => new(count, "GB/s", 1e9);

    public static Work Images(int count) => new(count, "images/s", 1);

    public double Rate(double seconds) => Amount / Scale / seconds;

    /// <summary>The amount, for people: "1.85 GFLOP".</summary>
    public string Counted => Scale == 1 ? $"{Amount:F0} images" : $"{Amount / Scale:G3} {Unit[..^2]}";
}
