using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;

namespace GpuCnn;

/// <summary>
/// Scales pictures until the shorter side has a number of pixels, drawn from a range, and crops a window of the input's size at random: how
/// AlexNet (256, of the centre square), VGG (256 to 512) and ResNet (256 to 480) were trained on inputs of 224. Sizes may be stated as
/// those of an input of a size: <c>scale(256-480/224)</c> is 64 to 120 where the input has 56.
/// </summary>
public sealed class RandomScale : FramingStep
{
    private const int LargestSide = 8192;
    private const string Square = "square";

    private const int DefaultLow = 256, DefaultHigh = 480, DefaultInput = 224;

    private readonly int _low, _high, _of;
    private readonly bool _fromSquare;

    public RandomScale() : this(DefaultLow, DefaultHigh, DefaultInput) { }

    /// <param name="low">Fewest pixels of the shorter side.</param>
    /// <param name="high">Most pixels of the shorter side, up to 8192.</param>
    /// <param name="of">The input's side that both are stated for; 0 takes them as they are for any input.</param>
    /// <param name="fromSquare">Whether crops are of the centre square.</param>
    /// <exception cref="GpuCnnException">A number is out of range, or the range ends before it begins.</exception>
    public RandomScale(int low, int high, int of = 0, bool fromSquare = false)
    {
        _low = Checked(low, Math.Max(1, of), LargestSide, "a smallest side");
        _high = Checked(high, low, LargestSide, "a largest side");
        _of = Checked(of, 0, LargestSide, "an input's side");
        _fromSquare = fromSquare;
    }

    public override string Name => "scale";

    public override string Usage =>
        "scale(A-B) (a crop of pictures whose shorter side is scaled to A to B pixels; scale(A-B/C) states them for an input of C; "
        + "scale(A,square) crops from the centre square)";

    public override bool Frames => true;

    public override AugmentationStep? TryParse(StepText text)
    {
        if (text.Name != Name || text.Arguments.Count is not (1 or 2)) return null;
        if (text.Arguments.Count == 2 && text.Arguments[1] != Square) return null;
        string[] parts = text.Arguments[0].Split('/');
        double of = 0;
        if (parts.Length > 2 || (parts.Length == 2 && !IsWhole(parts[1], out of, out _))) return null;
        if (!IsWhole(parts[0], out double low, out double high) || low < of) return null;
        return new RandomScale((int)low, (int)high, (int)of, text.Arguments.Count == 2);

        static bool IsWhole(string range, out double low, out double high) =>
            StepText.TryRange(range, 1, LargestSide, out low, out high) && low == Math.Floor(low) && high == Math.Floor(high);
    }

    public override int FixedScale(Shape input) => _low == _high ? Side(_low, input) : 0;

    public override void Draw(ref RandomStream random, Window picture, Shape input, ref Framing framing)
    {
        int low = Side(_low, input), high = Side(_high, input), side = low + random.NextInt(high - low + 1);
        Scaling full = Scaling.Centre(picture.Width, picture.Height, side, side, side);
        long columns = _fromSquare ? side : full.FullWidth, rows = _fromSquare ? side : full.FullHeight;
        framing = framing with
        {
            Scaling = full with
            {
                X = (_fromSquare ? full.X : 0) + Below(ref random, columns - input.Width + 1),
                Y = (_fromSquare ? full.Y : 0) + Below(ref random, rows - input.Height + 1),
                Width = input.Width,
                Height = input.Height,
            },
            Left = 0,
            Top = 0,
        };
    }

    public override string ToString() =>
        $"scale({StepText.Of(_low, _high)}{(_of > 0 ? $"/{_of}" : "")}{(_fromSquare ? "," + Square : "")})";

    /// <summary>Pixels of the shorter side for this input; never less than the input's longer one.</summary>
    private int Side(int stated, Shape input)
    {
        int longer = Math.Max(input.Width, input.Height);
        return Math.Max(longer, _of == 0 ? stated : (int)Math.Round((double)stated * longer / _of));
    }

    private static int Below(ref RandomStream random, long exclusive) => random.NextInt((int)Math.Min(exclusive, int.MaxValue));
}
