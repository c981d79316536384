using System.Globalization;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using GpuCnn.Data;
using GpuCnn.Data.Formats;
using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Pages;

namespace GpuCnn.Explanations;

/// <summary>
/// A folder of pictures that show what a network sees in an image, and one page of them: the maps of every layer with their numbers, logits
/// and probabilities, heat maps, filters and patches.
/// </summary>
/// <param name="model">The network's weights.</param>
/// <param name="source">The file of the weights, for people.</param>
public sealed class ExplanationPage(Model model, string source)
{
    /// <summary>Pixels of all maps together, and values that the page holds exactly; of others it knows the shades.</summary>
    private const int MostPixels = 6_000_000, MostPixelsOfLayer = 160_000, ExactValues = 200_000;

    private const int MostClasses = 20, CellSide = 72, WidestPicture = 1000;

    private readonly List<(string Name, PixelImage Picture)> _files = [];
    private readonly List<(string Heading, XElement[] Content)> _sections = [];
    private Activations? _activations;

    /// <summary>Command that explains one value, with {layer}, {map} and {at} in it; null for none.</summary>
    public string? Command { get; init; }

    /// <summary>Writes a layer's name as a command takes it.</summary>
    public Func<string, string> Quote { get; init; } = name => name;

    /// <summary>Adds what every layer gives for an image.</summary>
    public void Add(Activations activations)
    {
        _activations = activations;
        _files.Add(("input.png", activations.Picture));
    }

    /// <summary>Adds a heat map over the image.</summary>
    /// <param name="name">"Grad-CAM"; the file's name is the same in small letters.</param>
    /// <param name="method">How it comes about, in a sentence.</param>
    public void Add(string name, string method, HeatMap heat)
    {
        PixelImage drawn = heat.Draw();
        string title = model.Classes[heat.Class];
        _files.Add(($"{name.ToLowerInvariant()}.png", drawn));
        _sections.Add((name,
        [
            Html.Figure(Picture(drawn, $"{name} for {title}", 400),
                FormattableString.Invariant($"For the class {title}. The brightest place has {heat.Largest:G3}. {method}")),
        ]));
    }

    /// <summary>Adds the filters of the first layer.</summary>
    public void AddFilters()
    {
        PixelImage drawn = model.DrawFilters();
        _files.Add(("filters.png", drawn));
        Node layer = FilterSheet.FirstWeights(model.Network).Node;
        _sections.Add(("Filters of the first layer",
        [
            Html.Figure(Picture(drawn, "Filters of the first layer", drawn.Width),
                $"{Activations.NameOf(layer)} ({layer.Operator.Type}): each filter from its own weights; mid gray is 0."),
        ]));
    }

    /// <summary>Adds the patches that excite a layer's maps most.</summary>
    public void Add(TopPatches patches)
    {
        PixelImage drawn = patches.Draw();
        string file = $"patches-{FileName(patches.Layer)}.png";
        _files.Add((file, drawn));
        int maps = patches.Maps.Count;
        _sections.Add(($"Patches that excite {patches.Layer}",
        [
            Html.Figure(Picture(drawn, $"Patches that excite {patches.Layer}", drawn.Width),
                $"The first {maps} of {patches.Total} maps, row by row. Each has the {TopPatches.PerMap} of {patches.Images} images that "
                + "excite it most, cut to the part that the largest value depends on."),
            Html.Details("Values and images", Table(patches)),
        ]));
    }

    /// <summary>Writes the page and its pictures; files of the same names are replaced.</summary>
    /// <param name="folder">Created where it is missing.</param>
    /// <returns>The page's path and the number of pictures.</returns>
    /// <exception cref="GpuCnnException">The folder or a file cannot be written.</exception>
    public (string Path, int Pictures) Save(string folder)
    {
        string title = _activations is { } shown ? $"{model.Name} looks at {Path.GetFileName(shown.Prediction.Name)}" : model.Name;
        HtmlPage page = new(title, $"{source}, input {model.Input}");
        if (_activations is { } seen) page.Section("Prediction", Prediction(seen));
        foreach ((string heading, XElement[] content) in _sections) page.Section(heading, content);
        int pictures = _files.Count;
        CreateFolder(folder);
        foreach ((string name, PixelImage picture) in _files) ImageFile.Write(Path.Join(folder, name), picture);
        if (_activations is { } activations) pictures += AddLayers(page, activations, folder);
        string path = Path.Join(folder, "index.html");
        page.Save(path);
        return (path, pictures);
    }

    private static void CreateFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new GpuCnnException($"The folder {DataFile.Quote(folder)} cannot be created: {e.Message}", e);
        }
    }

    /// <summary>Adds a picture of each layer, and the numbers that a pointer finds.</summary>
    private int AddLayers(HtmlPage page, Activations activations, string folder)
    {
        Node[] layers = [.. activations.Layers.Where(layer => layer.Operator is not (Flatten or Dropout))];
        int pixels = Math.Clamp(MostPixels / layers.Length, 1, MostPixelsOfLayer), exact = ExactValues;
        string pictures = Path.Join(folder, "layers");
        CreateFolder(pictures);
        List<XElement> figures = [];
        List<object> numbers = [];
        int digits = $"{layers.Length}".Length;
        foreach (Node layer in layers)
        {
            MapSheet sheet = new(layer, activations.Of(layer), pixels);
            string name = Activations.NameOf(layer);
            string file = $"{(numbers.Count + 1).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0')}-{FileName(name)}.png";
            ImageFile.Write(Path.Join(pictures, file), sheet.Grid.Image);
            bool isExact = sheet.Values.Length <= exact;
            if (isExact) exact -= sheet.Values.Length;
            bool isVector = layer.Output.Shape.IsVector;
            XElement image = Picture(sheet.Grid.Image, $"{name}: its output", sheet.Grid.Image.Width * Enlargement(sheet));
            image.SetAttributeValue("class", "pixels maps");
            image.SetAttributeValue("data-layer", numbers.Count.ToString(CultureInfo.InvariantCulture));
            string count = sheet.Shown == sheet.Total ? $"{sheet.Total}" : $"first {sheet.Shown} of {sheet.Total}";
            figures.Add(new("article", new XElement("h3", $"{name} ({layer.Operator.Type}) {layer.Output.Shape}"),
                Html.Figure(image, $"{(isVector ? "Units" : "Maps")}: {count}; black is {NumberText.Short(sheet.Least)}, white "
                    + $"{NumberText.Short(sheet.Most)}."),
                Html.Details("How the largest value comes about",
                    Html.Code(string.Join('\n', activations.Explain(layer, IndexOfLargest(activations.Of(layer))).Lines)))));
            numbers.Add(new
            {
                name,
                quoted = Quote(name),
                vector = isVector,
                shown = sheet.Shown,
                width = sheet.Width,
                height = sheet.Height,
                columns = sheet.Grid.Columns,
                gap = sheet.Grid.Gap,
                least = sheet.Least,
                most = sheet.Most,
                values = isExact ? Convert.ToBase64String(MemoryMarshal.AsBytes<float>(sheet.Values)) : null,
            });
        }
        page.Section("Layers", [Html.Note("The value under the pointer is in the bar at the bottom of the page. A click adds the command "
            + "that shows how it comes about."), .. figures]);
        page.Data("layers", new { layers = numbers, command = Command });
        using var reader = new StreamReader(typeof(ExplanationPage).Assembly.GetManifestResourceStream("explanation.js")!);
        page.Script(reader.ReadToEnd());
        return layers.Length;
    }

    private XElement[] Prediction(Activations activations)
    {
        var table = new HtmlTable("class", ">logit", ">probability");
        foreach (ClassProbability one in activations.Prediction.Classes.Take(MostClasses))
        {
            table.Add(one.Class, NumberText.Short(activations.Prediction.Logits[one.Index]),
                new HtmlTable.Cell(FormattableString.Invariant($"{one.Probability * 100:0.00} %"), one.Probability, one.Probability));
        }
        int left = model.Classes.Count - MostClasses;
        return
        [
            Html.Grid(Html.Figure(Picture(activations.Picture, "The image as the network gets it", 224),
                    $"{Path.GetFileName(activations.Prediction.Name)} as the network gets it, {model.Input}"),
                new XElement("div", table.ToHtml(), left > 0 ? Html.Note($"and {left} less probable classes") : null)),
        ];
    }

    private static XElement Table(TopPatches patches)
    {
        var table = new HtmlTable(">map", ">value", ">row", ">column", "image");
        for (int map = 0; map < patches.Maps.Count; map++)
        {
            foreach (ExcitingPatch patch in patches.Maps[map])
                table.Add($"{map}", NumberText.Short(patch.Value), $"{patch.Row}", $"{patch.Column}", patch.Image);
        }
        return table.ToHtml();
    }

    private static int Enlargement(MapSheet sheet) => Math.Max(1, (sheet.Layer.Output.Shape.IsVector ? 10 : CellSide / sheet.Width));

    /// <summary>A picture as it is, in PNG, not wider than its page.</summary>
    private static XElement Picture(PixelImage image, string description, int width) => new("img",
        new XAttribute("src", "data:image/png;base64," + Convert.ToBase64String(new PngWriter().Encode(image, ".png"))),
        new XAttribute("alt", description), Html.Class("pixels"),
        new XAttribute("style", $"display:block;width:min(100%,{Math.Min(width, WidestPicture)}px);height:auto"));

    private static int IndexOfLargest(Tensor tensor) => Enumerable.Range(0, tensor.Values.Length).MaxBy(i => tensor.Values[i]);

    /// <summary>A name in which other characters than letters, digits, points and hyphens are hyphens.</summary>
    private static string FileName(string name) =>
        string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-'));
}
