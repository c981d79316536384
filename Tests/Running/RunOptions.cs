namespace GpuCnn.Tests.Running;

/// <summary>Command line options of a test run that are set unless the caller sets them.</summary>
internal static class RunOptions
{
    /// <summary>
    /// Options that choose which results the platform prints. With one of them <see cref="RunReport"/> prints no failures of its own.
    /// </summary>
    private static readonly string[] Results = ["--show-test-results", "--output"];

    /// <summary>Settings of the NUnit adapter, beside the assembly.</summary>
    private static string Settings => Path.Combine(AppContext.BaseDirectory, "Running", "tests.runsettings");

    public static bool IsForEditor(string[] args) => Has(args, "--server");

    public static bool ShowsResults(string[] args) => Results.Any(option => Has(args, option));

    /// <summary>The arguments, and for each option that they leave open its default here.</summary>
    public static string[] WithDefaults(string[] args)
    {
        List<string> all = [.. args];
        if (!Has(args, "--settings")) all.AddRange(["--settings", Settings]);
        if (!IsForEditor(args) && !ShowsResults(args)) all.AddRange(["--show-test-results", "none"]);
        return [.. all];
    }

    private static bool Has(string[] args, string option) =>
        args.Any(arg => arg.StartsWith(option, StringComparison.Ordinal)
            && (arg.Length == option.Length || arg[option.Length] is '=' or ':'));
}
