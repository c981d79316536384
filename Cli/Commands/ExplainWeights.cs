using System.CommandLine;
using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices;
using GpuCnn.Explanations;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn explain --weights W IMAGE</c>: what a trained network sees in an image.</summary>
/// <param name="batch">An option that the command has for models without weights too.</param>
internal sealed class ExplainWeights(Option<int?> batch)
{
    private const int ShownClasses = 3;

    private readonly Option<string?> _layer = Options.Text("--layer", "NAME",
        "Show how one value of this layer comes about; with --gradcam, the layer whose maps are weighted.");
    private readonly Option<int?> _map = Options.Whole(
        "--map", "Map of --layer, from 0. [default: that with the largest value]", minimum: 0);
    private readonly Option<(int, int)?> _at = Options.Checked<(int, int)?>("--at", "ROW,COLUMN",
        "Place in the map, from 0,0. [default: that of the largest value]", ParsePlace);
    private readonly Option<bool> _gradcam = Options.Flag("--gradcam", "Draw which parts of the image raise a class's logit (Grad-CAM).");
    private readonly Option<bool> _occlusion = Options.Flag("--occlusion",
        "Draw how far a class's probability falls if a square hides a part of the image.");
    private readonly Option<string?> _class = Options.Text("--class", "NAME",
        "Class of --gradcam and --occlusion, by name or index. [default: the most probable]");
    private readonly Option<int?> _patch = Options.Whole(
        "--patch", "Side of --occlusion's square in pixels. [default: a sixth of the input]");
    private readonly Option<int?> _stride = Options.Whole("--stride", "Pixels from one square to the next. [default: half the square]");
    private readonly Option<bool> _filters = Options.Flag("--filters", "Draw the filters of the first layer.");
    private readonly Option<string?> _patches = Options.Text("--top-patches", "LAYER",
        "Draw the patches of the images of --data that excite each map of a layer most.");
    private readonly Option<string?> _data = Options.Text("--data", "PATH", "Data set of --top-patches: its validation images, or all.");
    private readonly Option<string?> _out = Options.Text("--out", "DIR",
        "Folder of the page and the pictures. [default: explain- and the image's name]");
    private readonly Option<bool> _noExif = Options.NoExif;
    private readonly Option<string?> _device = Options.Device;

    public Option<string?> Weights { get; } = Options.Text("--weights", "FILE",
        "Weights file, or the folder of a run: shows what the network sees in IMAGE.");

    /// <summary>The options that are about weights alone.</summary>
    public IEnumerable<Option> All =>
    [
        Weights, _layer, _map, _at, _gradcam, _occlusion, _class, _patch, _stride, _filters, _patches, _data, _out, _noExif,
        _device,
    ];

    /// <summary>Refuses options that need weights.</summary>
    public void CheckAbsent(ParseResult parsed)
    {
        if (All.FirstOrDefault(parsed.IsGiven) is { } given)
            throw new UsageException($"{given.Name} is about trained weights; add --weights, or leave {given.Name} out.");
    }

    /// <param name="image">Path of an image file; null draws what needs none.</param>
    public int Run(CommandHost host, ParseResult parsed, string? image)
    {
        Check(parsed, image);
        string path = parsed.GetValue(Weights)!;
        using Device on = Device.Open(parsed.GetValue(_device) ?? DeviceCatalog.Auto);
        using var model = Model.Load(WeightsPath.Resolve(path), on);
        if (parsed.GetValue(_noExif)) model.Preparation = model.Preparation with { IgnoresExif = true };
        bool weighs = parsed.GetValue(_gradcam);
        int? label = parsed.GetValue(_class) is { } name ? UsageException.Guard(() => model.FindClass(name)) : null;
        string? layer = parsed.GetValue(_layer);
        if (parsed.GetValue(_patches) is { } excited) _ = UsageException.Guard(() => Activations.FindLayer(model.Network, excited));
        Activations? activations = null;
        if (image is not null)
        {
            activations = model.Explain(image);
            host.Output.WriteLine($"{image}: {string.Join(", ", activations.Prediction.Classes.Take(ShownClasses))}");
            if (layer is not null && !weighs)
            {
                ValueExplanation value = UsageException.Guard(
                    () => activations.Explain(layer, parsed.GetValue(_map), parsed.GetValue(_at)));
                host.Output.WriteLine();
                foreach (string line in value.Lines) host.Output.WriteLine(line);
                if (!parsed.IsGiven(_out) && !IsDrawn(parsed)) return Program.Done;
                host.Output.WriteLine();
            }
        }
        Write(host, parsed, model, image, activations, label);
        return Program.Done;
    }

    private bool IsDrawn(ParseResult parsed) => new Option[] { _gradcam, _occlusion, _filters, _patches }.Any(parsed.IsGiven);

    private void Write(CommandHost host, ParseResult parsed, Model model, string? image, Activations? activations, int? label)
    {
        string path = parsed.GetValue(Weights)!;
        string folder = parsed.GetValue(_out)
            ?? $"explain-{Path.GetFileNameWithoutExtension((image ?? path).TrimEnd('/', Path.DirectorySeparatorChar))}";
        var page = new ExplanationPage(model, path)
        {
            Command = image is null ? null
                : $"gpucnn explain --weights {Words.Quote(path)} {Words.Quote(image)} --layer {{layer}} --map {{map}} --at {{at}}",
            Quote = Words.Quote,
        };
        if (activations is not null) page.Add(activations);
        if (parsed.GetValue(_gradcam))
        {
            HeatMap heat = UsageException.Guard(() => model.GradCam(image!, label, parsed.GetValue(_layer)));
            page.Add("Grad-CAM", "Bright parts raise the class's logit: ReLU of the last maps, each weighted by the mean of its gradient.",
                heat);
        }
        if (parsed.GetValue(_occlusion))
        {
            HeatMap heat = UsageException.Guard(() => model.Occlusion(image!, label, parsed.GetValue(_patch), parsed.GetValue(_stride),
                parsed.GetValue(batch) ?? Model.PredictionBatch));
            page.Add("Occlusion", "Bright parts lower the class's probability by that much if a square of the mean color hides them.",
                heat);
        }
        if (parsed.GetValue(_filters)) page.AddFilters();
        if (parsed.GetValue(_patches) is { } layer)
        {
            CheckProgress? progress = host.IsErrorTerminal ? new(host with { IsTerminal = true }) : null;
            ImageData data = ImageData.Open(parsed.GetValue(_data)!);
            TopPatches patches = model.FindTopPatches(layer, data, (done, all) => progress?.Show(done, all));
            progress?.Clear();
            page.Add(patches);
        }
        (string written, int pictures) = page.Save(folder);
        host.Output.WriteLine($"{written}: {pictures} picture{(pictures == 1 ? "" : "s")} beside it");
    }

    private void Check(ParseResult parsed, string? image)
    {
        Needs(_map, parsed.IsGiven(_layer), "--layer");
        Needs(_at, parsed.IsGiven(_layer), "--layer");
        Needs(_patch, parsed.GetValue(_occlusion), "--occlusion");
        Needs(_stride, parsed.GetValue(_occlusion), "--occlusion");
        Needs(batch, parsed.GetValue(_occlusion), "--occlusion");
        Needs(_class, parsed.GetValue(_gradcam) || parsed.GetValue(_occlusion), "--gradcam or --occlusion");
        Needs(_patches, parsed.IsGiven(_data), "--data");
        Needs(_data, parsed.IsGiven(_patches), "--top-patches");
        foreach (Option option in (Option[])[_layer, _gradcam, _occlusion]) Needs(option, image is not null, "an IMAGE");
        if (parsed.GetValue(_gradcam) && (parsed.IsGiven(_map) || parsed.IsGiven(_at)))
            throw new UsageException("--gradcam weights all maps of --layer, but got --map or --at; leave them out, or --gradcam.");
        if (image is null && !parsed.GetValue(_filters) && !parsed.IsGiven(_patches))
            throw new UsageException("explain --weights expects an IMAGE, or --filters or --top-patches, which need none.");

        void Needs(Option option, bool isThere, string other)
        {
            if (parsed.IsGiven(option) && !isThere)
                throw new UsageException($"{option.Name} needs {other}; add it, or leave {option.Name} out.");
        }
    }

    private static (int, int)? ParsePlace(string text)
    {
        int[] numbers = [.. text.Split(',').Select(part =>
            int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1)];
        return numbers is [>= 0 and var row, >= 0 and var column] ? (row, column)
            : throw new UsageException($"--at expects a row and a column as in 10,12, but got '{text}'.");
    }
}
