using GpuCnn.Engine.Tensors;

namespace GpuCnn.Data;

/// <summary>
/// One random change of training images. Every class of this assembly that derives from one of the three kinds is in use: to add an
/// augmentation is to add a file.
/// </summary>
internal abstract class AugmentationStep
{
    /// <summary>What stands before its arguments.</summary>
    public abstract string Name { get; }

    /// <summary>How it is written, for messages: "crop4 (any number of pixels)".</summary>
    public abstract string Usage { get; }

    /// <summary>The step that <paramref name="text"/> states, or null where it is another's or its arguments are wrong.</summary>
    public abstract AugmentationStep? TryParse(StepText text);

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public abstract override string ToString();
}

/// <summary>Decides which part of a picture is shown, before it is decoded.</summary>
internal abstract class FramingStep : AugmentationStep
{
    /// <summary>
    /// Whether it says itself what part is scaled to the input, in place of how images are fitted. A list has one of them.
    /// </summary>
    public virtual bool Frames => false;

    /// <summary>
    /// The size of the shorter side that pictures are scaled to whatever is drawn; 0 where there is none. They can be kept in that size.
    /// </summary>
    public virtual int FixedScale(Shape input) => 0;

    /// <param name="random">Draws of this image and epoch.</param>
    /// <param name="picture">The whole picture.</param>
    /// <param name="input">What the network gets.</param>
    /// <param name="framing">What was decided so far.</param>
    public abstract void Draw(ref RandomStream random, Window picture, Shape input, ref Framing framing);
}

/// <summary>Changes the 8-bit pixels of a picture that has the input's size.</summary>
internal abstract class PixelStep : AugmentationStep
{
    public abstract void Apply(ref RandomStream random, PictureCanvas canvas);
}

/// <summary>Changes the normalized values that a network gets.</summary>
internal abstract class ValueStep : AugmentationStep
{
    /// <param name="random">Draws of this image and epoch.</param>
    /// <param name="values">[C, H, W]</param>
    /// <param name="input">C x H x W</param>
    /// <param name="std">[C] what values were divided by.</param>
    public abstract void Apply(ref RandomStream random, Span<float> values, Shape input, IReadOnlyList<float> std);
}
