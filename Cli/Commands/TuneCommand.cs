using System.CommandLine;
using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tuning;
using GpuCnn.Models;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn tune</c></summary>
internal static class TuneCommand
{
    private const int DefaultBatch = 32;

    public static Command Create(CommandHost host)
    {
        Argument<string> model = Options.ModelArgument;
        Option<int?> batch = Options.Whole("--batch", $"Images of a batch: the best algorithm depends on it. [default: {DefaultBatch}]");
        Option<string?> device = Options.Device;
        Option<Precision?> precision = Options.Precision("How the steps compute: each precision has its own fastest algorithms.");
        var command = new Command("tune", "Measures which algorithm is the fastest for each step of a model on a device, "
            + "and keeps it for later runs.") { model, batch, device, precision };
        command.SetAction(parsed =>
        {
            Network network = Architecture.Find(parsed.GetRequiredValue(model)).Build();
            int images = parsed.GetValue(batch) ?? DefaultBatch;
            Precision asked = parsed.GetValue(precision) ?? default;
            using Device on = DeviceCatalog.Open(parsed.GetValue(device) ?? DeviceCatalog.Auto, new() { Precision = asked });
            host.Output.WriteLine($"{network.Name} in batches of {images} on {on.Name}: {on.Description}; {asked.Name()}");
            IReadOnlyList<TunedProblem> problems = Tuner.Measure(
                network, on, images, (done, all) => { if (host.IsTerminal) host.Terminal.Write($"\rround {done} of {all} "); }, asked);
            if (problems.Count == 0)
            {
                host.Output.WriteLine($"There is nothing to tune: {on.Name} has one algorithm for each step.");
                return Program.Done;
            }
            if (host.IsTerminal) host.Terminal.Write("\r");
            WriteTable(host.Output, problems);
            AlgorithmTable table = AlgorithmTable.Load(on);
            foreach (TunedProblem problem in problems) table.Set(problem.Problem, problem.Best);
            table.Save();
            host.Output.WriteLine($"\nKept in {table.Path}; new runs on this device take it. A run that has begun keeps what it "
                + "began with.");
            return Program.Done;
        });
        return command;
    }

    private static void WriteTable(TextWriter output, IReadOnlyList<TunedProblem> problems)
    {
        var table = new TextTable("problem", "fixed rule", ">ms", "best", ">ms", ">times as fast");
        foreach (TunedProblem problem in problems)
        {
            string Milliseconds(string algorithm) => (problem.Seconds[algorithm] * 1000).ToString("0.000", CultureInfo.InvariantCulture);
            table.Add(problem.Problem, problem.Default, Milliseconds(problem.Default), problem.Best, Milliseconds(problem.Best),
                problem.Gain.ToString("0.00", CultureInfo.InvariantCulture));
        }
        table.Write(output);
    }
}
