using Microsoft.Testing.Platform.Builder;
using Microsoft.Testing.Platform.Extensions;

namespace GpuCnn.Tests.Running;

/// <summary>Runs the tests and reports them through <see cref="RunReport"/>. Options are those of Microsoft.Testing.Platform, --help lists them.</summary>
internal static class TestRun
{
    public static async Task<int> Main(string[] args)
    {
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
        return await application.RunAsync();
    }
}
