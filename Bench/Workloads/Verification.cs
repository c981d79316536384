using GpuCnn.Engine;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Bench.Workloads;

/// <summary>Compares some values of a result with float64 arithmetic before anything is timed.</summary>
internal static class Verification
{
    private const int Samples = 16;


    /// <summary>Positions from the first to the last value, spaced unevenly to avoid hitting one row, lane or block.</summary>
    public static long[] Positions(Workload workload)
    {
        long count = workload.ResultCount;
        if (count <= Samples) return [.. Enumerable.Range(0, (int)count).Select(i => (long)i)];
        return [.. Enumerable.Range(0, Samples).Select(i => (long)((count - 1) * Math.Pow(i / (Samples - 1.0), 1.3))).Distinct()];
    }

    /// <exception cref="GpuCnnException">A value is wrong.</exception>
    public static void Check(Workload workload, string side, IReadOnlyList<long> positions, Func<int, double> sample)
    {
        for (int i = 0; i < positions.Count; i++)
        {
            Expected expected = workload.ExpectedAt(positions[i]);
            double actual = sample(i), tolerance = TermTolerance(workload.Precision) * expected.Magnitude;
            // The result itself is rounded too.
            if (workload.Precision == Precision.BFloat16) tolerance += Math.Abs(expected.Value) / 256;
            if (!(Math.Abs(actual - expected.Value) <= tolerance))
            {
                throw new GpuCnnException(
                    $"{workload}: {side} has {actual:G9} at {positions[i]}, " +
                    $"expected {expected.Value:G9} within {tolerance:G2}; not measured.");
            }
        }
    }

    /// <summary>
    /// Relative to the root of the summed squares of a value's terms. Float32 stays well below, where one wrong or missing term does not.
    /// TF32 rounds each factor by at most 2^-11 of itself, bfloat16 by 2^-9.
    /// </summary>
    private static double TermTolerance(Precision precision) => precision switch
    {
        Precision.TF32 => 3e-3,
        Precision.BFloat16 => 1.2e-2,
        _ => 3e-4,
    };

    public static void Check(Workload workload, Subject ours)
    {
        long[] positions = Positions(workload);
        Check(workload, "GpuCnn", positions, i => ours.ResultAt(positions[i]));
    }
}
