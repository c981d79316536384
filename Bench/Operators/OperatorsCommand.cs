using System.CommandLine;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Order;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace GpuCnn.Bench.Operators;

/// <summary><c>operators</c>: times every operator on this machine with BenchmarkDotNet, whose own options follow.</summary>
internal static class OperatorsCommand
{
    public static Command Create()
    {
        var command = new Command("operators",
            "Time single operators on the CPU device. BenchmarkDotNet's options follow, for example: --filter *convolution*")
        {
            TreatUnmatchedTokensAsErrors = false,
        };
        command.SetAction(result =>
        {
            Summary? summary = BenchmarkRunner.Run<OperatorBenchmarks>(Configuration(), [.. result.UnmatchedTokens]);
            return summary is { HasCriticalValidationErrors: false } && summary.Reports.All(report => report.Success) ? 0 : 1;
        });
        return command;
    }

    /// <summary>Runs in this process, because toolchains that build another one do not support the shared artifacts folder.</summary>
    private static ManualConfig Configuration() => ManualConfig.CreateEmpty()
        .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(3).WithIterationCount(12))
        .AddLogger(ConsoleLogger.Default)
        .AddExporter(MarkdownExporter.GitHub)
        .AddDiagnoser(MemoryDiagnoser.Default)
        .WithOrderer(new DefaultOrderer(SummaryOrderPolicy.Declared))
        .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(80))
        .AddColumnProvider(DefaultColumnProviders.Params, DefaultColumnProviders.Statistics, DefaultColumnProviders.Metrics)
        .AddColumn(StatisticColumn.Median, WorkColumn.Counted, WorkColumn.Rate);
}
