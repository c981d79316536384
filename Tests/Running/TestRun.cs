using GpuCnn.Tests.Distributed;
using Microsoft.Testing.Platform.Builder;
using Microsoft.Testing.Platform.Extensions;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.Adapter;
using NUnit.VisualStudio.TestAdapter.TestFilterConverter;

namespace GpuCnn.Tests.Running;

/// <summary>
/// Runs the tests and reports them through <see cref="RunReport"/>. The options are those of Microsoft.Testing.Platform; --help lists them.
/// </summary>
internal static class TestRun
{
    /// <summary>The platform's exit code for wrong arguments.</summary>
    private const int WrongUsage = 5;

    public static async Task<int> Main(string[] args)
    {
        if (args is [RankProgram.Argument, .. string[] work]) return RankProgram.Run(work);
        ITestApplicationBuilder builder = await TestApplication.CreateBuilderAsync(RunOptions.WithDefaults(args));
        SelfRegisteredExtensions.AddSelfRegisteredExtensions(builder, args);
        // Editors show results themselves.
        if (!RunOptions.IsForEditor(args))
        {
            var report = new CompositeExtensionFactory<RunReport>(services => new RunReport(services, !RunOptions.ShowsResults(args)));
            builder.TestHost.AddDataConsumer(report);
            builder.TestHost.AddTestSessionLifetimeHandler(report);
        }
        using ITestApplication application = await builder.BuildAsync();
        try
        {
            return await application.RunAsync();
        }
        catch (Exception exception) when (exception is TestFilterParserException or TestPlatformFormatException)
        {
            const string Example = "FullyQualifiedName~LinearTests";
            await Console.Error.WriteLineAsync(
                $"--filter expects an expression such as '{Example}', without spaces in its words. {exception.Message}");
            return WrongUsage;
        }
    }
}
