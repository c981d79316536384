using System.CommandLine;
using GpuCnn.Bench.Workloads;
using GpuCnn.Engine;
using GpuCnn.Engine.Devices.Cpu;

namespace GpuCnn.Bench.Compare;

/// <summary><c>compare</c>: measures operators and training steps side by side with PyTorch.</summary>
internal static class CompareCommand
{
    private const int DefaultBatch = 8;

    private static readonly string[] Notes =
    [
        "Ratio: our speed divided by PyTorch's, from medians over the rounds. " +
        "\"!\" marks unreliable rows, in which no round had all cores to itself.",
        "GFLOP/s counts a multiply-add as 2, and every convolution as direct. GB/s counts every tensor once.",
        "PyTorch has contiguous NCHW tensors, made beforehand, and allocates its outputs; in networks it uses the faster format. " +
        "Ours is every launch of the pass, in our own layout.",
    ];

    public static Command Create()
    {
        var only = new Option<string?>("--only") { Description = "One group of rows." };
        only.AcceptOnlyFromAmong([.. Catalog.All(DefaultBatch).Select(workload => workload.Group).Distinct()]);
        var filter = new Option<string?>("--filter") { Description = "Rows whose operator and pass contain this text." };
        var rounds = new Option<int>("--rounds") { Description = "Rounds that count for each row.", DefaultValueFactory = _ => 9 };
        var batch = new Option<int>("--batch")
        {
            Description = "Images of a batch of the networks.",
            DefaultValueFactory = _ => DefaultBatch,
        };
        var threads = new Option<int?>("--threads") { Description = "Threads of both sides; by default one for each core." };
        var json = new Option<string?>("--json") { Description = "Also write the rows to this file, as JSON.", HelpName = "FILE" };
        var markdown = new Option<string?>("--markdown") { Description = "Also write the table to this file.", HelpName = "FILE" };
        foreach (Option<int> option in new[] { rounds, batch })
        {
            option.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<int>() < 1) result.AddError($"{option.Name} expects at least 1.");
            });
        }

        var command = new Command("compare", "Run each operator on the CPU device and in PyTorch, in turns, and print both.")
        {
            only, filter, rounds, batch, threads, json, markdown,
        };
        command.SetAction(result =>
        {
            var workloads = Catalog.All(result.GetValue(batch))
                .Where(workload => result.GetValue(only) is not { } group || workload.Group == group)
                .Where(workload => result.GetValue(filter) is not { } text
                    || $"{workload}".Contains(text, StringComparison.OrdinalIgnoreCase))
                .ToList();
            try
            {
                Run(workloads, result.GetValue(rounds), result.GetValue(threads), result.GetValue(json), result.GetValue(markdown));
                return 0;
            }
            catch (Exception exception) when (exception is GpuCnnException or IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine(exception.Message);
                return 1;
            }
        });
        return command;
    }

    private static void Run(IReadOnlyList<Workload> workloads, int rounds, int? threads, string? json, string? markdown)
    {
        if (workloads.Count == 0) throw new GpuCnnException("compare has no such row; leave out --only and --filter to see all.");
        // Open the files first: a wrong path shows before minutes of measuring, and rows are saved as they come.
        using StreamWriter? markdownFile = markdown is null ? null : new(markdown), jsonFile = json is null ? null : new(json);
        using var device = new CpuDevice(threads);
        using var peer = new Peer(device.Threads);
        var probe = new PeakProbe(device);
        probe.Calibrate();
        var machine = Machine.Describe(device, peer, probe);

        var reports = new List<MarkdownReport> { new(Console.Out) };
        if (markdownFile is not null) reports.Add(new(markdownFile));
        reports.ForEach(report => report.Begin(machine, Notes));
        var measuring = new Rounds(device, peer, probe, rounds);
        var rows = new List<Comparison>();
        foreach (Workload workload in workloads)
        {
            rows.Add(measuring.Measure(workload));
            reports.ForEach(report => report.Add(rows[^1]));
        }
        string remark = $"Rounds dropped: {rows.Sum(row => row.Dropped)} of {rows.Sum(row => row.Dropped + row.Kept)}; " +
            $"best peak seen {probe.Best / 1e9:F0} GFLOP/s";
        reports.ForEach(report => report.End(rows, [remark]));
        if (jsonFile is not null) JsonReport.Write(jsonFile, machine, rows);
    }
}
