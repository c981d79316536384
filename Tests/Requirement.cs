namespace GpuCnn.Tests;

/// <summary>What this run may not go without: names in GPUCNN_REQUIRE, separated by commas. Without a name there, tests that need the thing are ignored.</summary>
internal static class Requirement
{
    public static bool Of(string name) =>
        (Environment.GetEnvironmentVariable("GPUCNN_REQUIRE") ?? "").Split(',', StringSplitOptions.TrimEntries).Contains(name);
}
