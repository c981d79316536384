using System.Globalization;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;

namespace GpuCnn;

/// <summary>
/// One of ten crops at random: the corners and the centre of a picture whose shorter side is scaled, each as it is or mirrored. How ZFNet
/// was
/// trained (https://arxiv.org/abs/1311.2901), and what ten-crop evaluation averages.
/// </summary>
public sealed class TenCrops : FramingStep
{
    public const int Count = 10;

    private const int LargestSide = 8192;

    private const string Square = "square";

    private const int DefaultSide = 256, DefaultInput = 224;

    private readonly int _side, _of;
    private readonly bool _fromSquare;

    public TenCrops() : this(DefaultSide, DefaultInput) { }

    /// <param name="side">Pixels of the scaled picture's shorter side, up to 8192.</param>
    /// <param name="of">The input's side that it is stated for; 0 takes it as it is for any input.</param>
    /// <param name="fromSquare">Whether the corners are those of the centre square.</param>
    /// <exception cref="GpuCnnException">A number is out of range.</exception>
    public TenCrops(int side, int of = 0, bool fromSquare = false)
    {
        _side = Checked(side, Math.Max(1, of), LargestSide, "a side");
        _of = Checked(of, 0, LargestSide, "an input's side");
        _fromSquare = fromSquare;
    }

    public override string Name => "ten-crops";

    public override string Usage =>
        "ten-crops(A) (the corners and the centre of pictures whose shorter side is scaled to A pixels, mirrored or not; "
        + "ten-crops(A/C) for an input of C, ten-crops(A,square) of the centre square)";

    public override bool Frames => true;

    public override AugmentationStep? TryParse(StepText text)
    {
        if (text.Name != Name || text.Arguments.Count is not (1 or 2)
            || (text.Arguments.Count == 2 && text.Arguments[1] != Square)) return null;
        string[] parts = text.Arguments[0].Split('/');
        int of = 0;
        if (parts.Length > 2 || !IsSide(parts[0], out int side)
            || (parts.Length == 2 && (!IsSide(parts[1], out of) || of > side))) return null;
        return new TenCrops(side, of, text.Arguments.Count == 2);

        static bool IsSide(string text, out int value) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value is > 0 and <= LargestSide;
    }

    public override int FixedScale(Shape input) => Side(input);

    public override void Draw(ref RandomStream random, Window picture, Shape input, ref Framing framing)
    {
        Framing crop = Crop(random.NextInt(Count), picture, Side(input), input, _fromSquare);
        framing = crop with { IsMirrored = crop.IsMirrored ^ framing.IsMirrored };
    }

    public override string ToString() => $"ten-crops({_side}{(_of > 0 ? $"/{_of}" : "")}{(_fromSquare ? "," + Square : "")})";

    /// <summary>
    /// Crop 0 to 9, in the order of torchvision's TenCrop: corners (top left, top right, bottom left, bottom right), centre, and all of
    /// them mirrored.
    /// </summary>
    /// <param name="side">Pixels of the scaled picture's shorter side, no fewer than the input's longer one.</param>
    /// <param name="fromSquare">Whether the corners are those of the centre square.</param>
    public static Framing Crop(int crop, Window picture, int side, Shape input, bool fromSquare = false)
    {
        Scaling centre = Scaling.Centre(picture.Width, picture.Height, side, input.Width, input.Height);
        bool mirrored = crop >= Count / 2;
        Scaling whole = Scaling.Centre(picture.Width, picture.Height, side, side, side);
        long left = fromSquare ? whole.X : 0, right = (fromSquare ? left + side : centre.FullWidth) - input.Width;
        long top = fromSquare ? whole.Y : 0, bottom = (fromSquare ? top + side : centre.FullHeight) - input.Height;
        // Mirroring the picture first takes the left corners from its right.
        long x = (crop % 5) switch
        {
            0 or 2 => mirrored ? right : left,
            1 or 3 => mirrored ? left : right,
            _ => mirrored ? centre.FullWidth - input.Width - centre.X : centre.X,
        };
        long y = (crop % 5) switch { 0 or 1 => top, 2 or 3 => bottom, _ => centre.Y };
        return new Framing { Scaling = centre with { X = x, Y = y }, IsMirrored = mirrored };
    }

    /// <summary>The list of this step alone, for how images are judged.</summary>
    internal static Augmentation Of(ImagePreprocessor preprocessor) =>
        [new TenCrops(Math.Max(preprocessor.ResizeTo, Math.Max(preprocessor.Shape.Width, preprocessor.Shape.Height)))];

    private int Side(Shape input)
    {
        int longer = Math.Max(input.Width, input.Height);
        return Math.Max(longer, _of == 0 ? _side : (int)Math.Round((double)_side * longer / _of));
    }
}
