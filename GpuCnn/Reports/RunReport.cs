using System.Globalization;
using System.Xml.Linq;
using GpuCnn.Data;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tuning;
using GpuCnn.Pages;

namespace GpuCnn.Reports;

/// <summary>What a report of a run says. What is null or empty was not known, and has no section.</summary>
/// <param name="Log">The files of the run's folder.</param>
internal sealed record RunReport(RunLog Log)
{
    public const string FileName = "report.html", MatrixFileName = "confusion_matrix.svg";

    private const int MostLayers = 400;

    /// <summary>The command that repeats the run.</summary>
    public string? Command { get; init; }

    /// <summary>What the network says of the images it is validated on.</summary>
    public Judgement? Judged { get; init; }

    /// <summary>These images.</summary>
    public ImageSplit? Split { get; init; }

    /// <summary>Whose weights judged them, as in "epoch 3".</summary>
    public string JudgedBy { get; init; } = "";

    public PixelImage? Filters { get; init; }

    /// <summary>Path of the layer that has the filters.</summary>
    public string FilterLayer { get; init; } = "";

    /// <summary>Pictures of training images.</summary>
    public IReadOnlyList<XElement> Samples { get; init; } = [];

    public StepTimes? Times { get; init; }

    /// <summary>Bytes on the device; 0 where that is not known.</summary>
    public long DeviceBytes { get; init; }

    /// <summary>What could not be made, a line for each.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>Writes the page, and the confusion matrix as a drawing of its own where there is one.</summary>
    /// <param name="path">File of the page.</param>
    /// <param name="folder">Folder of the drawing; null writes none.</param>
    /// <exception cref="Engine.GpuCnnException">They cannot be written.</exception>
    public void Save(string path, string? folder)
    {
        if (folder is not null && Judged is { Matrix.Images: > 0 } judged)
            SvgFile.Save(Path.Combine(folder, MatrixFileName), new JudgementSections(judged, null).Drawing());
        ToPage().Save(path);
    }

    public HtmlPage ToPage()
    {
        string model = Text("model") ?? "a network";
        HtmlPage page = new($"{Log.Name}: {model}", Lead());
        page.Add(Html.Tiles(Tiles()));
        string[] missing = [.. Log.Missing, .. Missing];
        if (missing.Length > 0) page.Add(new("div", missing.Select(line => Html.Note(line))));
        IReadOnlyList<XElement> curves = CurvePlots.Of(Log);
        page.Section("Curves", curves.Count > 0 ? Html.Grid(curves) : Html.Paragraph("No epoch and no step is recorded yet."));
        if (Judged is { } judged)
        {
            if (JudgedBy.Length > 0) page.Add(Html.Note($"Validation images below are judged with the weights of {JudgedBy}."));
            new JudgementSections(judged, Split).AddTo(page);
        }
        if (Filters is { } filters)
            page.Section("First-layer filters", Html.Figure(Thumbnail.Pixels(filters, $"Filters of {FilterLayer}", widest: 640),
                $"Weights of {FilterLayer}: zero is gray, the largest of each filter black or white."));
        if (Samples.Count > 0)
            page.Section("Training images", Html.Note("As the network sees them in the first epoch, before mixing."),
                Html.Pictures(Samples));
        if (Times is { } times) page.Section("Time of each layer", TimeTable(times));
        page.Section("Settings", Command is null ? null : new XElement("div", Html.Paragraph("The command that repeats the run:"),
            Html.Command(Command)), Html.List(SettingList.Of(Log.Config)), Classes());
        return page;
    }

    private string Lead()
    {
        string data = Text("data") is { Length: > 0 } path ? $" on {path}" : "";
        return $"{Text("recipe") ?? "default"} recipe{data}, {Text("deviceDescription") ?? Text("device") ?? "device not known"}";
    }

    private IEnumerable<(string, string)> Tiles()
    {
        if (Log.Epochs.Count > 0)
        {
            EpochRow last = Log.Epochs[^1];
            EpochRow? best = Log.Epochs.Where(row => double.IsFinite(row.Top1)).MaxBy(row => row.Top1);
            yield return ($"{last.Epoch:0}", last.Epoch == 1 ? "epoch" : "epochs");
            if (best is not null) yield return (Percent(best.Top1), $"best top-1, epoch {best.Epoch:0}");
            if (double.IsFinite(last.Top1)) yield return (Percent(last.Top1), "last top-1");
            if (double.IsFinite(last.Top5) && Judged is not { Classes.Count: <= 5 }) yield return (Percent(last.Top5), "last top-5");
            yield return (last.ImagesPerSecond.ToString("N0", CultureInfo.InvariantCulture), "images a second");
            yield return (Clock(last.Seconds), "time");
        }
        if (Log.Steps.Count > 0) yield return (Percent(Log.Steps[^1].WaitingShare), "waiting for images");
        if (DeviceBytes > 0) yield return ($"{DeviceBytes / 1048576.0:N0} MiB", "device memory");
    }

    private XElement? Classes() => Log.Config?["classes"] is System.Text.Json.Nodes.JsonArray { Count: > 0 and <= 1000 } names
        ? Html.Details($"{names.Count} classes", Html.Paragraph(string.Join(", ", names.Select(name => $"{name}")))) : null;

    private static XElement TimeTable(StepTimes times)
    {
        HtmlTable table = new("layer", "type", ">forward", ">backward", ">share", ">GFLOP/s") { IsSortable = true };
        foreach (var group in times.Layers.GroupBy(layer => (layer.Layer, layer.Type)).Take(MostLayers))
        {
            double forward = group.Where(part => part.Pass is StepPass.Forward or StepPass.Loss).Sum(part => part.Seconds),
                backward = group.Sum(part => part.Seconds) - forward, share = (forward + backward) / times.SumSeconds,
                rate = group.Sum(part => part.Operations) / (forward + backward) / 1e9;
            table.Add(group.Key.Layer, group.Key.Type, new HtmlTable.Cell(Milliseconds(forward), forward),
                new HtmlTable.Cell(Milliseconds(backward), backward), new HtmlTable.Cell(Percent(share), share, share),
                new HtmlTable.Cell(rate > 0 ? rate.ToString("0.0", CultureInfo.InvariantCulture) : "", rate));
        }
        return new("div", Html.Note($"A training step of {times.Images} random images: {Milliseconds(times.WholeSeconds)}. "
            + "Each step is waited for, which adds a little."), table.ToHtml());
    }

    private string? Text(string name) => Log.Config?[name] is System.Text.Json.Nodes.JsonValue value && value.TryGetValue(out string? text)
        ? text : null;

    private static string Milliseconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0.00} ms");

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.0} %");

    /// <summary>0:42, 12:05 or 3:02:11</summary>
    private static string Clock(double seconds)
    {
        if (!double.IsFinite(seconds)) return "";
        var span = TimeSpan.FromSeconds(Math.Clamp(Math.Round(seconds), 0, 1e8));
        return span.TotalHours < 1 ? $"{span.Minutes}:{span.Seconds:00}" : $"{(long)span.TotalHours}:{span.Minutes:00}:{span.Seconds:00}";
    }
}
