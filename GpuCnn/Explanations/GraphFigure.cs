using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Pages;

namespace GpuCnn.Explanations;

/// <summary>
/// Draws the graph of a network from top to bottom: a box for each layer with the norms and activations that follow it, and a line for each
/// value, so that branches, shortcuts and training heads are seen.
/// </summary>
public static class GraphFigure
{
    private const double TextSize = 11, LineHeight = 14, PaddingX = 10, PaddingY = 6;

    /// <summary>Creates the figure, with the training heads.</summary>
    public static SvgDrawing Of(Network network)
    {
        List<Box> boxes = [new Box([network.Graph.Input], null, ["input", $"{network.Input}"])];
        var places = new Dictionary<Value, int> { [network.Graph.Input] = 0 };
        List<(int From, int To)> edges = [];
        foreach (Node node in network.Graph.Nodes)
        {
            // What follows a layer, alone and in place, stands in its box.
            if (node.Inputs is [var input] && places[input] is > 0 and var place && Follows(node, input))
            {
                Box box = boxes[place];
                boxes[place] = box with { Values = [.. box.Values, node.Output], Followers = [.. box.Followers, node] };
                places[node.Output] = place;
                continue;
            }
            places[node.Output] = boxes.Count;
            edges.AddRange(node.Inputs.Select(read => (places[read], boxes.Count)));
            boxes.Add(new Box([node.Output], node, []));
        }
        // What everything passes through, so that the network goes straight down and its branches lie beside each other.
        HashSet<int> trunk = [0, .. NetworkSegment.Of(network, int.MaxValue).Select(segment => places[segment.Output])];
        var texts = boxes.Select(box => box.Lines.Count > 0 ? box.Lines : LinesOf(box)).ToList();
        var layout = new LayeredLayout([.. texts.Select(SizeOf)], edges, trunk);
        var drawing = new SvgDrawing($"{network.Name} as a graph");
        for (int edge = 0; edge < edges.Count; edge++)
        {
            bool isHead = IsHead(network, boxes[edges[edge].To]);
            drawing.Curve(layout.RouteOf(edge), SvgColor.Muted, 1.2, isHead ? "4 3" : null, arrow: true);
        }
        for (int i = 0; i < boxes.Count; i++) Draw(drawing, texts[i], layout.CentreOf(i), Color(network, boxes[i]));
        return drawing;
    }

    /// <summary>Whether a node only changes values in place, and alone reads what the layer before gives.</summary>
    private static bool Follows(Node node, Value input) => input.Consumers.Count == 1 && node.MultiplyAdds == 0
        && node.Operator is not (Add or Concat or Linear) && node.Operator.WindowOf(node.InputShapes) == InputWindow.Pixel;

    private static void Draw(SvgDrawing drawing, IReadOnlyList<string> lines, (double X, double Y) centre, SvgColor color)
    {
        (double width, double height) = SizeOf(lines);
        double top = centre.Y - height / 2;
        drawing.Rectangle(centre.X - width / 2, top, width, height, color, SvgColor.Ink, radius: 5);
        for (int i = 0; i < lines.Count; i++)
            drawing.Label(centre.X, top + PaddingY + (i + 0.8) * LineHeight, lines[i], TextSize, SvgColor.Ink, SvgAnchor.Middle,
                bold: i == 0);
    }

    private static (double Width, double Height) SizeOf(IReadOnlyList<string> lines) => (
        lines.Select((line, i) => SvgDrawing.WidthOf(line, TextSize, bold: i == 0)).Max() + 2 * PaddingX,
        lines.Count * LineHeight + 2 * PaddingY);

    private static IReadOnlyList<string> LinesOf(Box box)
    {
        Node node = box.Node!;
        string steps = LayerWords.Steps(node), kind = LayerWords.Kind(node) + (steps.Length > 0 ? $", {steps}" : "");
        string followers = box.Followers.Count == 0 ? "" : $"+ {string.Join(", ", box.Followers.Select(LayerWords.Kind))}";
        return
        [
            .. ((string[])[node.Path.Length == 0 ? node.Operator.Type : node.Path, kind, followers, $"{box.Values[^1].Shape}"])
                .Where(line => line.Length > 0),
        ];
    }

    private static bool IsHead(Network network, Box box) => box.Node is { } node && network.HeadNodes.Contains(node);

    private static SvgColor Color(Network network, Box box) => box.Node?.Operator switch
    {
        _ when IsHead(network, box) => SvgColor.Faint,
        null => SvgColor.Gray,
        Conv2d => SvgColor.Blue,
        Linear => SvgColor.Orange,
        Add or Concat => SvgColor.Purple,
        _ => SvgColor.Green,
    };

    /// <param name="Values">Outputs of the layer and of what follows it in the box.</param>
    /// <param name="Node">Null for the input.</param>
    /// <param name="Lines">Text of the input; of layers it follows from the nodes.</param>
    private sealed record Box(IReadOnlyList<Value> Values, Node? Node, IReadOnlyList<string> Lines)
    {
        public IReadOnlyList<Node> Followers { get; init; } = [];
    }
}
