namespace GpuCnn.Tests;

/// <summary>
/// Requirements of this run: names in GPUCNN_REQUIRE, separated by commas. Tests that need something that is missing fail if it is named
/// there; otherwise they are skipped.
/// </summary>
internal static class Requirement
{
    public static bool Of(string name) =>
        (Environment.GetEnvironmentVariable("GPUCNN_REQUIRE") ?? "").Split(',', StringSplitOptions.TrimEntries).Contains(name);
}
