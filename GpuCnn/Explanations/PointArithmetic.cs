using GpuCnn.Engine.Layers;

namespace GpuCnn.Explanations;

/// <summary>Layers that compute a value from those at the same position: activations, norms, sums, concatenations, and copies.</summary>
internal sealed class PointArithmetic : LayerArithmetic
{
    public override ValueExplanation? Explain(ValuePlace place)
    {
        int map = place.Map, row = place.Row, column = place.Column;
        switch (place.Layer.Operator)
        {
            case BatchNorm2d norm:
                {
                    double x = place.Read(map, row, column), mean = place.Parameter("running_mean")[map];
                    double variance = place.Parameter("running_var")[map], scale = place.Parameter("weight")[map];
                    double shift = place.Parameter("bias")[map], root = Math.Sqrt(variance + norm.Epsilon);
                    return new PointExplanation(place, (x - mean) / root * scale + shift, "(x - mean) / root x scale + shift",
                        ("x", x), ("running mean", mean), ("root of the variance", root), ("scale", scale), ("shift", shift));
                }
            case Add:
                {
                    double a = place.Read(map, row, column), b = place.Read(map, row, column, input: 1);
                    return new PointExplanation(place, a + b, "the sum of two values at the same place",
                        (place.NameOfInput(), a), (place.NameOfInput(1), b));
                }
            case Concat:
                {
                    int first = 0, branch = 0;
                    while (map >= first + place.Layer.InputShapes[branch].Channels) first += place.Layer.InputShapes[branch++].Channels;
                    double x = place.Read(map - first, row, column, branch);
                    return new PointExplanation(place, x, $"map {map - first} of {place.NameOfInput(branch)}", ("x", x));
                }
            case LocalResponseNorm norm:
                {
                    double x = place.Read(map, row, column), squares = 0;
                    int from = Math.Max(0, map - norm.Size / 2), to = Math.Min(place.Input.Channels, map - norm.Size / 2 + norm.Size);
                    for (int other = from; other < to; other++) squares += Math.Pow(place.Read(other, row, column), 2);
                    double sum = norm.K + norm.Alpha * squares, divisor = Math.Pow(sum, norm.Beta);
                    return new PointExplanation(place, x / divisor,
                        FormattableString.Invariant($"x / ({norm.K} + {norm.Alpha} squares) ^ {norm.Beta}, maps {from} to {to - 1}"),
                        ("x", x), ("sum of squares", squares), ("divisor", divisor));
                }
            case ShortcutA shortcut:
                {
                    int channel = map - (shortcut.Channels - place.Input.Channels) / 2;
                    int y = row * shortcut.Stride, z = column * shortcut.Stride;
                    if (channel < 0 || channel >= place.Input.Channels) return new PointExplanation(place, 0, "an added channel of zeros");
                    double x = place.Read(channel, y, z);
                    return new PointExplanation(place, x, $"map {channel}, row {y}, column {z} of {place.NameOfInput()}", ("x", x));
                }
            case Flatten:
                {
                    int width = Activations.Width(place.Input), area = Activations.Height(place.Input) * width;
                    double x = place.Read(map);
                    return new PointExplanation(place, x,
                        $"map {map / area}, row {map % area / width}, column {map % width} of {place.NameOfInput()}", ("x", x));
                }
            case Dropout:
                {
                    double x = place.Read(map, row, column);
                    return new PointExplanation(place, x, "drops nothing when a network infers", ("x", x));
                }
            case Activation:
                {
                    double x = place.Read(map, row, column);
                    // The function itself is the device's: it has no float64 form.
                    return new PointExplanation(place, place.Value, $"{place.Layer.Operator.Type} of x", ("x", x));
                }
            default:
                return null;
        }
    }
}

/// <summary>A value that follows from a few numbers.</summary>
public sealed class PointExplanation : ValueExplanation
{
    internal PointExplanation(ValuePlace place, double result, string formula, params (string Name, double Value)[] terms) : base(place)
    {
        Result = result;
        Formula = formula;
        Terms = terms;
    }

    public override double Result { get; }

    public string Formula { get; }

    /// <summary>The numbers of the formula.</summary>
    public IReadOnlyList<(string Name, double Value)> Terms { get; }

    private protected override IEnumerable<string> Arithmetic =>
        [Formula, .. Terms.Select(term => Line(term.Name, term.Value)), Line("result", Result)];
}
