using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Graphs;
using GpuCnn.Models;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn models</c></summary>
internal static class ModelsCommand
{
    public static Command Create(CommandHost host)
    {
        Option<bool> json = Options.Json;
        var command = new Command("models", "Lists the models: year, input, parameters, cost and what is reported of them.") { json };
        command.SetAction(parsed =>
        {
            var rows = Architecture.All.Select(architecture =>
            {
                Network network = architecture.Build();
                return new Row(
                    architecture.Name, architecture.Year, architecture.Summary, architecture.Source, architecture.Reported,
                    network.Input.Dimensions, architecture.Classes, network.ParameterCount, network.MultiplyAdds);
            }).ToList();
            if (parsed.GetValue(json)) host.Output.WriteLine(Json.Of(rows));
            else WriteTable(host.Output, rows);
            return Program.Done;
        });
        return command;
    }

    private static void WriteTable(TextWriter output, IReadOnlyList<Row> rows)
    {
        var table = new TextTable("model", ">year", "input", ">classes", ">parameters", ">multiply-adds", "layers");
        foreach (Row row in rows)
            table.Add(row.Name, $"{row.Year}", string.Join('x', row.Input), Words.Number(row.Classes), Words.Number(row.Parameters), Words.Number(row.Macs), row.Summary);
        table.Write(output);
        output.WriteLine("\nReported:");
        foreach (Row row in rows) output.WriteLine($"  {row.Name}: {row.Reported}");
    }

    private sealed record Row(
        string Name, int Year, string Summary, string Source, string Reported, int[] Input, int Classes, long Parameters, long Macs);
}
