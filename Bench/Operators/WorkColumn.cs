using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using GpuCnn.Bench.Workloads;

namespace GpuCnn.Bench.Operators;

/// <summary>A column computed from the amount of work in a run and, for a rate, its median time.</summary>
internal sealed class WorkColumn(string name, string legend, Func<Work, double?, string> text) : IColumn
{
    public static WorkColumn Counted { get; } = new(
        "Counted", "Operations of a direct convolution (a multiply-add is 2), or bytes with every tensor moved once",
            (work, _) => work.Counted);

    public static WorkColumn Rate { get; } = new(
        "Rate", "Counted / median time", (work, seconds) => seconds is { } value ? $"{work.Rate(value):F1} {work.Unit}" : "NA");

    public string Id => $"{nameof(WorkColumn)}.{name}";

    public string ColumnName => name;

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => false;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => legend;

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, summary.Style);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
    {
        var workload = (Workload)benchmarkCase.Parameters[nameof(OperatorBenchmarks.Operator)];
        double? nanoseconds = summary[benchmarkCase]?.ResultStatistics?.Median;
        return text(workload.Work, nanoseconds * 1e-9);
    }
}
