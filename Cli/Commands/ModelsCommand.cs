using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Graphs;
using GpuCnn.Models;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn models</c></summary>
internal static class ModelsCommand
{
    public static Command Create(CommandHost host)
    {
        Option<bool> json = Options.Json, markdown = Options.Flag("--markdown", "Write the table of the README.");
        var command = new Command("models", "Lists the models: year, input, parameters, cost, paper and what is reported of them.") { json,
            markdown };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json) && parsed.GetValue(markdown)) throw new UsageException("models expects --json or --markdown, "
                + "but got both; leave one out.");
            var rows = Architecture.All.Select(Row.Of).ToList();
            if (parsed.GetValue(json)) host.Output.WriteLine(Json.Of(rows));
            else if (parsed.GetValue(markdown)) WriteMarkdown(host.Output, rows);
            else WriteTable(host.Output, rows);
            return Program.Done;
        });
        return command;
    }

    private static void WriteTable(TextWriter output, IReadOnlyList<Row> rows)
    {
        var table = new TextTable("model", ">year", "input", ">classes", ">parameters", ">multiply-adds", "recipes", "layers");
        foreach (Row row in rows)
        {
            table.Add(row.Name, $"{row.Year}", string.Join('x', row.Input), Words.Number(row.Classes), Words.Number(row.Parameters),
                Words.Number(row.Macs),
                string.Join(", ", row.Recipes), row.Summary);
        }
        table.Write(output);
        output.WriteLine("\nReported, and where:");
        foreach (IGrouping<(string Source, string Link), Row> paper in rows.GroupBy(row => (row.Source, row.Link)))
        {
            LineWrap.Write(output, $"  {paper.Key.Source}{(paper.Key.Link.Length == 0 ? "" : $", {paper.Key.Link}")}");
            foreach (Row row in paper) LineWrap.Write(output, $"    {row.Name}: {row.Reported}");
        }
    }

    private static void WriteMarkdown(TextWriter output, IReadOnlyList<Row> rows)
    {
        output.WriteLine("| model | year | layers | input | parameters | multiply-adds | reported |");
        output.WriteLine("|---|--:|---|---|--:|--:|---|");
        foreach (Row row in rows)
        {
            string year = row.Link.Length == 0 ? $"{row.Year}" : $"[{row.Year}]({row.Link})";
            output.WriteLine(
                $"| `{row.Name}` | {year} | {row.Summary} | {string.Join('x', row.Input)} | {Words.Number(row.Parameters)} | "
                    + $"{Words.Rounded(row.Macs)} | {row.Reported} |");
        }
    }

    private sealed record Row(
        string Name, int Year, string Summary, string Source, string Reported, int[] Input, int Classes, long Parameters, long Macs,
        string Link, long ParametersWithHeads, IReadOnlyList<string> Recipes)
    {
        public static Row Of(Architecture architecture)
        {
            Network network = architecture.Build();
            return new(
                architecture.Name, architecture.Year, architecture.Summary, architecture.Source, architecture.Reported,
                network.Input.Dimensions, architecture.Classes, network.ParameterCount, network.MultiplyAdds, architecture.Link,
                    network.ParameterCountWithHeads,
                architecture.PaperRecipe is null ? [Recipe.Default] : Recipe.Names);
        }
    }
}
