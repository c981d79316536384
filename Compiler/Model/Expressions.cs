namespace GpuCnn.Compiler.Model;

internal enum UnaryOperator
{
    Negate,
    Not,
    Complement,
}

internal enum BinaryOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    ShiftLeft,
    ShiftRight,
    UnsignedShiftRight,
    And,
    Or,
    ExclusiveOr,
    AndAlso,
    OrElse,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>
/// A value without side effects, except for <see cref="Call"/> and <see cref="IntrinsicCall"/>, which appear only where C# and C evaluate
/// in the same order.
/// </summary>
internal abstract record Expression(DeviceType Type);

/// <param name="Bits">The value, or the bits of a float or double: they tell -0 from 0, and NaN equals itself.</param>
internal sealed record Literal(DeviceType Type, long Bits) : Expression(Type);

internal sealed record Variable(DeviceType Type, string Name) : Expression(Type);

/// <summary>A specialization constant, defined before the text.</summary>
internal sealed record Specialization(DeviceType Type, string Name) : Expression(Type);

internal enum ThreadIndex
{
    ThreadId,
    GroupId,
    GroupSize,
    GroupCount,
    GlobalId,
}

internal sealed record ThreadValue(ThreadIndex Index, int Dimension) : Expression(DeviceType.Int);

/// <summary>An element of a view or an array.</summary>
internal sealed record Element(DeviceType Type, Expression Pointer, Expression Index) : Expression(Type);

/// <summary>A view that starts at a later element.</summary>
internal sealed record Offset(DeviceType Type, Expression Pointer, Expression Start) : Expression(Type);

internal sealed record Field(DeviceType Type, Expression Target, string Name) : Expression(Type);

internal sealed record Unary(DeviceType Type, UnaryOperator Operator, Expression Operand) : Expression(Type);

/// <summary>Both sides have the same type, except for shifts and for a vector times a number.</summary>
internal sealed record Binary(DeviceType Type, BinaryOperator Operator, Expression Left, Expression Right) : Expression(Type);

internal sealed record Conditional(DeviceType Type, Expression Condition, Expression WhenTrue, Expression WhenFalse) : Expression(Type);

/// <summary>A conversion of numbers with C#'s meaning: float to integer saturates, and NaN becomes 0.</summary>
internal sealed record Conversion(DeviceType Type, Expression Operand) : Expression(Type);

/// <summary>A call of one of the kernel's <see cref="FunctionModel"/>s.</summary>
internal sealed record Call(DeviceType Type, string Function, EquatableArray<Expression> Arguments) : Expression(Type);

/// <summary>A call of a kernel language function, by the name under which dialects spell it.</summary>
internal sealed record IntrinsicCall(DeviceType Type, string Name, EquatableArray<Expression> Arguments) : Expression(Type);

/// <summary>A call of a function that only CUDA has.</summary>
/// <param name="Format">The call with {0}, {1}, … for the arguments.</param>
internal sealed record CudaCall(DeviceType Type, string Format, EquatableArray<Expression> Arguments) : Expression(Type);

/// <summary>A struct, tuple or vector made of its fields in order; all zeros if there are no values.</summary>
internal sealed record Construction(DeviceType Type, EquatableArray<Expression> Values) : Expression(Type);
