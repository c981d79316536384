using System.CommandLine;
using GpuCnn.Bench.Workloads;
using GpuCnn.Engine;
using GpuCnn.Engine.Devices.Cpu;

namespace GpuCnn.Bench.Compare;

/// <summary><c>compare</c>: our operators and training steps side by side with PyTorch's.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var only = new Option<string?>("--only") { Description = "One group of rows." };
        only.AcceptOnlyFromAmong([.. Catalog.All.Select(workload => workload.Group).Distinct()]);
        var filter = new Option<string?>("--filter") { Description = "Rows whose operator and pass contain this text." };
        var rounds = new Option<int>("--rounds") { Description = "Rounds that count for each row.", DefaultValueFactory = _ => 9 };
        var threads = new Option<int?>("--threads") { Description = "Threads of both sides; by default one for each core." };
        var json = new Option<string?>("--json") { Description = "Also write the rows to this file, as JSON.", HelpName = "FILE" };
        var markdown = new Option<string?>("--markdown") { Description = "Also write the table to this file.", HelpName = "FILE" };
        rounds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1) result.AddError("--rounds expects at least 1.");
        });

        var command = new Command("compare", "Run each operator on the CPU device and in PyTorch, in turns, and print both.") { only, filter, rounds, threads, json, markdown };
        command.SetAction(result =>
        {
            var workloads = Catalog.All
                .Where(workload => result.GetValue(only) is not { } group || workload.Group == group)
                .Where(workload => result.GetValue(filter) is not { } text || $"{workload}".Contains(text, StringComparison.OrdinalIgnoreCase))
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
        if (workloads.Count == 0) throw new GpuCnnException("compare has no row of that name; without --only and --filter it shows all.");
        // Opened first: a wrong path shows before minutes of measuring, and rows are kept as they come.
        using StreamWriter? markdownFile = markdown == null ? null : new(markdown), jsonFile = json == null ? null : new(json);
        using var device = new CpuDevice(threads);
        using var peer = new Peer(device.Threads);
        var probe = new PeakProbe(device);
        probe.Calibrate();
        var machine = Machine.Describe(device, peer, probe);

        var reports = new List<MarkdownReport> { new(Console.Out) };
        if (markdownFile != null) reports.Add(new(markdownFile));
        reports.ForEach(report => report.Begin(machine));
        var measuring = new Rounds(device, peer, probe, rounds);
        var rows = new List<Comparison>();
        foreach (Workload workload in workloads)
        {
            rows.Add(measuring.Measure(workload));
            reports.ForEach(report => report.Add(rows[^1]));
        }
        reports.ForEach(report => report.End(rows, probe.Best));
        if (jsonFile != null) JsonReport.Write(jsonFile, machine, rows);
    }
}
