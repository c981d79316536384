using System.Numerics;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;

namespace GpuCnn;

/// <summary>
/// One random change of training images. To add one, derive from one of the three kinds, <see cref="FramingStep"/>,
/// <see cref="PixelStep"/> or <see cref="ValueStep"/>: a class with a parameterless constructor is found by its name in texts such as
/// <c>flip,crop4</c>, in this assembly and in the program's own.
/// </summary>
public abstract class AugmentationStep
{
    private protected AugmentationStep() { }

    /// <summary>The word before the arguments.</summary>
    public abstract string Name { get; }

    /// <summary>How it is written, for messages: "crop4 (any number of pixels)".</summary>
    public virtual string Usage => Name;

    /// <summary>
    /// Reads a step of this class; null where <paramref name="text"/> is another step's or its arguments are wrong. A step without
    /// arguments need not override this.
    /// </summary>
    public virtual AugmentationStep? TryParse(StepText text) => text.Name == Name && text.Arguments.Count == 0 ? this : null;

    /// <summary>The text that <see cref="TryParse"/> reads: runs keep it, and read it when they are resumed.</summary>
    public override string ToString() => Name;

    /// <summary>Throws where a constructor got a number out of range.</summary>
    private protected T Checked<T>(T value, T minimum, T maximum, string what) where T : INumber<T> =>
        value >= minimum && value <= maximum ? value
            : throw new GpuCnnException(FormattableString.Invariant(
                $"{GetType().Name} expects {what} from {minimum} to {maximum}, but got {value}."));

    /// <summary>Throws where a constructor got a share that is not above 0 and at most <paramref name="maximum"/>.</summary>
    private protected double Positive(double value, double maximum, string what) =>
        value > 0 && value <= maximum ? value
            : throw new GpuCnnException(FormattableString.Invariant(
                $"{GetType().Name} expects {what} above 0 and up to {maximum}, but got {value}."));
}

/// <summary>Decides which part of a picture is shown, before it is decoded.</summary>
public abstract class FramingStep : AugmentationStep
{
    /// <summary>
    /// Whether the step itself decides which part is scaled to the input, in place of how images are fitted. A list has at most one such
    /// step.
    /// </summary>
    public virtual bool Frames => false;

    /// <summary>
    /// The size of the shorter side that pictures are scaled to whatever is drawn; 0 where there is none. They can be kept in that size.
    /// </summary>
    public virtual int FixedScale(Shape input) => 0;

    /// <summary>Changes <paramref name="framing"/> by random draws.</summary>
    /// <param name="random">Draws of this image and epoch.</param>
    /// <param name="picture">The whole picture.</param>
    /// <param name="input">Shape of the network's input.</param>
    /// <param name="framing">Decided by the steps before; the step changes it.</param>
    public abstract void Draw(ref RandomStream random, Window picture, Shape input, ref Framing framing);
}

/// <summary>Changes the 8-bit pixels of a picture that has the input's size.</summary>
public abstract class PixelStep : AugmentationStep
{
    /// <param name="random">Draws of this image and epoch.</param>
    /// <param name="canvas">The picture; gray is 1 byte a pixel, colour 4 (RGBX).</param>
    public abstract void Apply(ref RandomStream random, PictureCanvas canvas);
}

/// <summary>Changes the normalized values that a network gets.</summary>
public abstract class ValueStep : AugmentationStep
{
    /// <param name="random">Draws of this image and epoch.</param>
    /// <param name="values">[H, W, C]</param>
    /// <param name="input">C x H x W</param>
    /// <param name="std">[C] the divisors of the normalization.</param>
    public abstract void Apply(ref RandomStream random, Span<float> values, Shape input, IReadOnlyList<float> std);
}
