namespace GpuCnn.Explanations;

/// <summary>
/// Places the boxes of a directed graph in layers from top to bottom, so that edges lead down, cross little and bend little: longest paths
/// decide the layers, barycentres the order in each (Sugiyama, Tagawa and Toda, 1981), and least squares the places.
/// </summary>
internal sealed class LayeredLayout
{
    private const double GapX = 22, GapY = 30, BendWidth = 10;
    private const int OrderSweeps = 8, PlaceSweeps = 40;

    private readonly Item[] _boxes;
    private readonly List<Item[]> _routes = [];
    private readonly List<List<Item>> _layers = [];
    private readonly List<(double Top, double Bottom)> _rows = [];

    /// <param name="boxes">Sizes of the boxes, each after those that lead to it.</param>
    /// <param name="edges">Indexes of boxes; From is less than To.</param>
    /// <param name="trunk">Boxes that stay in the middle.</param>
    public LayeredLayout(
        IReadOnlyList<(double Width, double Height)> boxes, IReadOnlyList<(int From, int To)> edges, IReadOnlySet<int> trunk)
    {
        _boxes = [.. boxes.Select((box, i) => new Item(box.Width, box.Height, isBend: false) { IsTrunk = trunk.Contains(i) })];
        foreach ((int from, int to) in edges.OrderBy(edge => edge.To))
            _boxes[to].Layer = Math.Max(_boxes[to].Layer, _boxes[from].Layer + 1);
        foreach (Item box in _boxes) Insert(box);
        foreach ((int from, int to) in edges) Route(_boxes[from], _boxes[to]);
        Order();
        Place();
        double y = 0;
        foreach (List<Item> layer in _layers)
        {
            double height = layer.Max(item => item.Height);
            _rows.Add((y, y + height));
            y += height + GapY;
        }
    }

    /// <summary>Returns the centre of a box.</summary>
    public (double X, double Y) CentreOf(int box) =>
        (_boxes[box].X, (_rows[_boxes[box].Layer].Top + _rows[_boxes[box].Layer].Bottom) / 2);

    /// <summary>Returns the points of an edge, from the lower side of one box to the upper side of another.</summary>
    public IReadOnlyList<(double X, double Y)> RouteOf(int edge)
    {
        Item[] items = _routes[edge];
        List<(double, double)> points = [(items[0].X, Middle(items[0]) + items[0].Height / 2)];
        // Past boxes of a layer an edge goes straight down.
        foreach (Item bend in items[1..^1])
        {
            points.Add((bend.X, _rows[bend.Layer].Top));
            points.Add((bend.X, _rows[bend.Layer].Bottom));
        }
        points.Add((items[^1].X, Middle(items[^1]) - items[^1].Height / 2));
        return points;
    }

    private double Middle(Item item) => (_rows[item.Layer].Top + _rows[item.Layer].Bottom) / 2;

    private void Insert(Item item)
    {
        while (_layers.Count <= item.Layer) _layers.Add([]);
        item.Order = _layers[item.Layer].Count;
        _layers[item.Layer].Add(item);
    }

    /// <summary>Leads an edge through a bend in each layer between its ends.</summary>
    private void Route(Item from, Item to)
    {
        List<Item> route = [from];
        for (int layer = from.Layer + 1; layer < to.Layer; layer++)
        {
            var bend = new Item(BendWidth, 0, isBend: true) { Layer = layer };
            Insert(bend);
            route.Add(bend);
        }
        route.Add(to);
        for (int i = 1; i < route.Count; i++)
        {
            // Long edges are kept straight before short ones.
            double weight = route[i - 1].IsBend && route[i].IsBend ? 8 : route[i - 1].IsBend || route[i].IsBend ? 2 : 4;
            route[i - 1].Down.Add((route[i], weight));
            route[i].Up.Add((route[i - 1], weight));
        }
        _routes.Add([.. route]);
    }

    private void Order()
    {
        (long Crossings, Item[][] Layers) best = (Crossings(), Snapshot());
        for (int sweep = 0; sweep < OrderSweeps && best.Crossings > 0; sweep++)
        {
            bool isDown = sweep % 2 == 0;
            foreach (List<Item> layer in isDown ? _layers.Skip(1) : _layers.AsEnumerable().Reverse().Skip(1))
            {
                Item[] sorted = [.. layer.OrderBy(item => Mean(isDown ? item.Up : item.Down, other => other.Order, item.Order))];
                layer.Clear();
                layer.AddRange(sorted);
                Number(layer);
            }
            long crossings = Crossings();
            if (crossings < best.Crossings) best = (crossings, Snapshot());
        }
        for (int i = 0; i < _layers.Count; i++)
        {
            _layers[i].Clear();
            _layers[i].AddRange(best.Layers[i]);
            Number(_layers[i]);
        }

        Item[][] Snapshot() => [.. _layers.Select(layer => layer.ToArray())];
    }

    private static void Number(List<Item> layer)
    {
        for (int i = 0; i < layer.Count; i++) layer[i].Order = i;
    }

    private long Crossings()
    {
        long count = 0;
        foreach (List<Item> layer in _layers)
        {
            (int From, int To)[] edges = [.. layer.SelectMany(item => item.Down.Select(down => (item.Order, down.Item.Order)))];
            for (int i = 0; i < edges.Length; i++)
                for (int j = i + 1; j < edges.Length; j++)
                    if ((edges[i].From - edges[j].From) * (edges[i].To - edges[j].To) < 0) count++;
        }
        return count;
    }

    private void Place()
    {
        foreach (List<Item> layer in _layers)
        {
            double x = -(layer.Sum(item => item.Width + GapX) - GapX) / 2;
            foreach (Item item in layer)
            {
                item.X = x + item.Width / 2;
                x += item.Width + GapX;
            }
        }
        for (int sweep = 0; sweep < PlaceSweeps; sweep++)
        {
            // Up and down in turn, and at the end by all neighbours.
            bool isDown = sweep % 2 == 0, isLast = sweep >= PlaceSweeps - 10;
            foreach (List<Item> layer in isDown ? _layers : _layers.AsEnumerable().Reverse())
            {
                Align(layer, [.. layer.Select(item => item.IsTrunk ? 0 : Mean(
                    isLast ? [.. item.Up, .. item.Down] : isDown ? item.Up : item.Down, other => other.X, item.X))]);
            }
        }
    }

    /// <summary>
    /// Moves the items of a layer as near to where they want to be as their order and widths allow, in the least squares: items that would
    /// overlap form a block at the mean of their wishes (pool adjacent violators).
    /// </summary>
    private static void Align(List<Item> layer, double[] wishes)
    {
        var offsets = new double[layer.Count];
        for (int i = 1; i < layer.Count; i++)
            offsets[i] = offsets[i - 1] + (layer[i - 1].Width + layer[i].Width) / 2 + GapX;
        var blocks = new List<(int First, double Sum, double Weight)>();
        for (int i = 0; i < layer.Count; i++)
        {
            double weight = layer[i].IsTrunk ? 1000 : layer[i].IsBend ? 3 : 1;
            blocks.Add((i, (wishes[i] - offsets[i]) * weight, weight));
            while (blocks is [.., var before, var last] && before.Sum / before.Weight > last.Sum / last.Weight)
            {
                blocks.RemoveRange(blocks.Count - 2, 2);
                blocks.Add((before.First, before.Sum + last.Sum, before.Weight + last.Weight));
            }
        }
        for (int b = 0; b < blocks.Count; b++)
        {
            int end = b + 1 < blocks.Count ? blocks[b + 1].First : layer.Count;
            for (int i = blocks[b].First; i < end; i++) layer[i].X = blocks[b].Sum / blocks[b].Weight + offsets[i];
        }
    }

    private static double Mean(IReadOnlyList<(Item Item, double Weight)> neighbours, Func<Item, double> value, double fallback) =>
        neighbours.Count == 0 ? fallback
            : neighbours.Sum(neighbour => value(neighbour.Item) * neighbour.Weight) / neighbours.Sum(neighbour => neighbour.Weight);

    /// <summary>A box, or the place where an edge passes a layer.</summary>
    private sealed class Item(double width, double height, bool isBend)
    {
        public double Width { get; } = width;

        public double Height { get; } = height;

        public bool IsBend { get; } = isBend;

        public bool IsTrunk { get; init; }

        public int Layer { get; set; }

        public int Order { get; set; }

        public double X { get; set; }

        public List<(Item Item, double Weight)> Up { get; } = [];

        public List<(Item Item, double Weight)> Down { get; } = [];
    }
}
