using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Pages;

namespace GpuCnn.Explanations;

/// <summary>
/// Draws a network as papers do: a row of blocks as high and deep as the maps and as thick as they have channels, with the window that each
/// layer moves over the block before. Lengths grow with the root of the sizes, so that small maps stay visible.
/// </summary>
public static class VolumeFigure
{
    private const double TallestMap = 150, ThickestMap = 56, LeastSide = 9, BarWidth = 12, TextSize = 11, LineHeight = 14, RowWidth = 1500,
        Gap = 30;
    private const double Exponent = 0.55, DepthX = 0.30, DepthY = 0.24;
    private const int MostBlocks = 26, MostNamed = 12;

    /// <summary>Creates the figure, without the network's training heads.</summary>
    public static SvgDrawing Of(Network network)
    {
        var drawing = new SvgDrawing($"{network.Name} as volumes");
        IReadOnlyList<NetworkSegment> segments = NetworkSegment.Of(network, MostBlocks);
        Shape[] shapes = [network.Input, .. segments.Select(segment => segment.Shape)];
        var scale = new Scale(shapes);
        Block[] blocks = [.. shapes.Select((shape, i) => new Block(shape, i == 0 ? null : segments[i - 1], scale))];
        double top = 0;
        for (int first = 0; first < blocks.Length;)
        {
            int end = first;
            for (double width = 0; end < blocks.Length && (end == first || width + blocks[end].Column <= RowWidth); end++)
                width += blocks[end].Column;
            // Rows of about the same length.
            int rows = (blocks.Length - first + end - first - 1) / (end - first);
            end = Math.Min(end, first + (blocks.Length - first + rows - 1) / rows);
            top = Row(drawing, blocks[first..end], first > 0 ? blocks[first - 1] : null, top);
            first = end;
        }
        return drawing;
    }

    /// <summary>Draws blocks side by side and returns the top of the next row.</summary>
    private static double Row(SvgDrawing drawing, Block[] blocks, Block? before, double top)
    {
        double above = blocks.Max(block => block.Height / 2 + block.Up), below = blocks.Max(block => block.Height / 2);
        double middle = top + above + 2 * LineHeight, x = 0;
        // The window lies on the block before, so all places are known first.
        foreach (Block block in blocks)
        {
            (block.X, block.Y) = (x + (block.Column - block.Thickness - block.Right) / 2, middle - block.Height / 2);
            x += block.Column;
        }
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i].Draw(drawing);
            if (i + 1 < blocks.Length) blocks[i].Lead(drawing, blocks[i + 1]);
            blocks[i].Label(drawing, middle + below + 1.5 * LineHeight);
        }
        if (before is not null) drawing.Line(-24, middle, -6, middle, SvgColor.Muted, 1.5, arrow: true);
        return middle + below + 7 * LineHeight;
    }

    /// <summary>Lengths of sizes in pixels of the drawing.</summary>
    private sealed class Scale(Shape[] shapes)
    {
        private readonly double _side = shapes.Where(shape => !shape.IsVector).Select(shape => (double)Math.Max(shape.Height, shape.Width))
            .DefaultIfEmpty(1).Max();

        private readonly double _channels = shapes.Where(shape => !shape.IsVector).Select(shape => (double)shape.Channels)
            .DefaultIfEmpty(1).Max();

        private readonly double _units = shapes.Where(shape => shape.IsVector).Select(shape => (double)shape.Channels)
            .DefaultIfEmpty(1).Max();

        public double Side(int pixels) => Math.Max(LeastSide, TallestMap * Math.Pow(pixels / _side, Exponent));

        public double Thickness(int channels) => Math.Max(4, ThickestMap * Math.Pow(channels / _channels, Exponent));

        public double Bar(int units) => Math.Max(14, TallestMap * 0.9 * Math.Pow(units / _units, 0.4));
    }

    /// <summary>A block of the row, and the segment that makes it; null for the input.</summary>
    private sealed class Block
    {
        private readonly NetworkSegment? _segment;
        private readonly Shape _shape;
        private readonly string[] _lines;

        public Block(Shape shape, NetworkSegment? segment, Scale scale)
        {
            (_shape, _segment) = (shape, segment);
            Height = shape.IsVector ? scale.Bar(shape.Channels) : scale.Side(shape.Height);
            Thickness = shape.IsVector ? BarWidth : scale.Thickness(shape.Channels);
            (Right, Up) = shape.IsVector ? (0, 0) : (scale.Side(shape.Width) * DepthX, scale.Side(shape.Width) * DepthY);
            _lines = [.. Lines()];
            Column = Math.Max(Thickness + Right + Gap,
                _lines.Select((line, i) => SvgDrawing.WidthOf(line, TextSize, bold: i == 0))
                    .Append(SvgDrawing.WidthOf(Size, TextSize)).Max() + 14);
        }

        public double X { get; set; }

        public double Y { get; set; }

        public double Height { get; }

        public double Thickness { get; }

        /// <summary>How far the back lies to the right of the front.</summary>
        public double Right { get; }

        /// <summary>How far the back lies above the front.</summary>
        public double Up { get; }

        /// <summary>Width of its place in the row.</summary>
        public double Column { get; }

        /// <summary>"96@55x55", as LeNet-5's figure has it; "4096" of a vector.</summary>
        private string Size => _shape.IsVector ? $"{_shape.Channels}" : $"{_shape.Channels}@{_shape.Height}x{_shape.Width}";

        private SvgColor Color => _segment switch
        {
            null => SvgColor.Gray,
            { Layer: null } => SvgColor.Purple,
            { Layer.Operator: Linear } => SvgColor.Orange,
            { Layer.Operator: Conv2d } => SvgColor.Blue,
            _ => SvgColor.Green,
        };

        public void Draw(SvgDrawing drawing)
        {
            double right = X + Thickness, bottom = Y + Height;
            string tooltip = _segment is null ? $"input {_shape}" : $"{_segment.Name}: {_shape}, "
                + string.Join(", ", _segment.Nodes.Concat(_segment.Followers).Take(MostNamed).Select(LayerWords.Kind));
            drawing.Polygon([(X, Y), (right, Y), (right, bottom), (X, bottom)], Color, SvgColor.Ink, tooltip: tooltip);
            if (_shape.IsVector) return;
            drawing.Polygon([(X, Y), (X + Right, Y - Up), (right + Right, Y - Up), (right, Y)], Color, SvgColor.Ink, shade: 0.3);
            drawing.Polygon([(right, Y), (right + Right, Y - Up), (right + Right, bottom - Up), (right, bottom)], Color, SvgColor.Ink,
                shade: -0.12);
        }

        /// <summary>Draws what the next block is made of: the window on this block, and lines to the value that it gives.</summary>
        public void Lead(SvgDrawing drawing, Block next)
        {
            double middle = next.Y + next.Height / 2;
            if (_shape.IsVector || next._segment?.Layer is not { } layer || layer.Operator is Linear)
            {
                Between(drawing, next);
                return;
            }
            InputWindow window = layer.Operator.WindowOf(layer.InputShapes);
            // On the side that shows rows and columns: u runs along the columns, v along the rows.
            double width = Math.Clamp((double)window.Size.Columns / _shape.Width, Math.Min(1, 4 / Right), 1);
            double height = Math.Clamp((double)window.Size.Rows / _shape.Height, Math.Min(1, 4 / Height), 1);
            double u = (1 - width) * 0.55, v = (1 - height) * 0.4;
            (double X, double Y)[] corners = [At(u, v), At(u + width, v), At(u + width, v + height), At(u, v + height)];
            drawing.Polygon(corners, SvgColor.Gold, SvgColor.Ink, 0.8);
            (double X, double Y) target = (next.X, middle);
            drawing.Line(corners[1].X, corners[1].Y, target.X, target.Y, SvgColor.Muted, 0.8);
            drawing.Line(corners[2].X, corners[2].Y, target.X, target.Y, SvgColor.Muted, 0.8);
            drawing.Rectangle(target.X - 1.5, target.Y - 1.5, 3, 3, SvgColor.Gold, SvgColor.Ink, strokeWidth: 0.6);

            (double, double) At(double across, double down) => (X + Thickness + across * Right, Y + down * Height - across * Up);
        }

        /// <summary>Writes the size above the block, and what made it below the row.</summary>
        public void Label(SvgDrawing drawing, double bottom)
        {
            double centre = X + (Thickness + Right) / 2;
            drawing.Label(centre, Y - Up - 6, Size, TextSize, anchor: SvgAnchor.Middle);
            for (int i = 0; i < _lines.Length; i++)
                drawing.Label(centre, bottom + i * LineHeight, _lines[i], TextSize, i == 0 ? SvgColor.Ink : SvgColor.Muted,
                    SvgAnchor.Middle, bold: i == 0);
        }

        /// <summary>Draws lines from all of this block to all of the next: a module, or full connections.</summary>
        private void Between(SvgDrawing drawing, Block next)
        {
            double x = X + Thickness + Right;
            if (next._segment?.Layer?.Operator is not Linear)
            {
                double y = next.Y + next.Height / 2;
                drawing.Line(x + 3, y, next.X - 3, y, SvgColor.Muted, 1.2, arrow: true);
                return;
            }
            drawing.Line(x, Y - Up, next.X, next.Y, SvgColor.Muted, 0.8);
            drawing.Line(_shape.IsVector ? x : X + Thickness, Y + Height, next.X, next.Y + next.Height, SvgColor.Muted, 0.8);
        }

        private IEnumerable<string> Lines()
        {
            if (_segment is null) return ["input"];
            if (_segment.Layer is { } layer)
                return ((string[])[_segment.Name, LayerWords.Kind(layer), LayerWords.Steps(layer)]).Where(line => line.Length > 0);
            string kind = _segment.Nodes.Any(node => node.Operator is Add) ? "residual" : "branches";
            string times = _segment.Times > 1 ? $"{_segment.Times} x {kind}" : kind;
            string sizes = string.Join(", ", _segment.Nodes.Where(node => node.Operator is Conv2d)
                .Select(node => LayerWords.Kind(node)[(LayerWords.Kind(node).IndexOf(' ') + 1)..]).Distinct().Order());
            return [_segment.Name, times, sizes];
        }
    }
}
