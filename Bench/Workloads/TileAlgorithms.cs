using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tuning;

namespace GpuCnn.Bench.Workloads;

/// <summary>Algorithms of a measured plan: those of the device's table, or those in one tile.</summary>
internal static class TileAlgorithms
{
    /// <summary>Returns the algorithms by problem.</summary>
    /// <param name="tile">
    /// End of a candidate's name, such as <c>128x128x32 3xtf32</c> or <c>3xtf32</c>: each problem takes the first that has it, and the
    /// rule's if none has. Null for the device's table.
    /// </param>
    public static IReadOnlyDictionary<string, string> Of(
        Device device, ParameterStore parameters, PlanOptions options, string? tile)
    {
        if (tile is null) return AlgorithmTable.Load(device).Algorithms;
        using var plan = new Plan(parameters, options);
        var algorithms = new Dictionary<string, string>();
        foreach (PlanChoice choice in plan.Choices)
        {
            if (choice.Candidates.FirstOrDefault(candidate => IsIn(candidate, tile)) is { } algorithm)
                algorithms[choice.Problem] = algorithm;
        }
        return algorithms;
    }

    public static bool IsIn(string algorithm, string tile) => algorithm.EndsWith($" {tile}", StringComparison.Ordinal);
}
