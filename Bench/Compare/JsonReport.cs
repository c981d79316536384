using System.Text.Encodings.Web;
using System.Text.Json;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Bench.Compare;

/// <summary>Writes the comparison as JSON.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write(TextWriter output, IReadOnlyList<KeyValuePair<string, string>> machine, IReadOnlyList<Comparison> rows)
    {
        var report = new
        {
            About = machine.ToDictionary(),
            Rows = rows.Select(row => new
            {
                row.Workload.Group,
                row.Workload.Name,
                row.Workload.Pass,
                Precision = row.Workload.Precision.Name(),
                row.Workload.Tile,
                row.Workload.Work.Unit,
                row.OurSeconds,
                row.PeerSeconds,
                row.OurRate,
                row.PeerRate,
                row.Ratio,
                row.Kept,
                row.Dropped,
                row.Setting,
                row.Steps,
            }),
        };
        output.WriteLine(JsonSerializer.Serialize(report, Options));
    }
}
