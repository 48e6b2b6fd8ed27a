"""Models written in IR, which the engine's tests run, and code that misbehaves."""

from __future__ import annotations

from ipfs_accel_async.transport.llvm import Model, Scalar, Tensor

ADD = """
define void @add(ptr %a, ptr %b, ptr %c, i64 %rows) {
entry:
  %empty = icmp eq i64 %rows, 0
  br i1 %empty, label %done, label %loop
loop:
  %i = phi i64 [0, %entry], [%next, %loop]
  %pa = getelementptr float, ptr %a, i64 %i
  %pb = getelementptr float, ptr %b, i64 %i
  %pc = getelementptr float, ptr %c, i64 %i
  %x = load float, ptr %pa
  %y = load float, ptr %pb
  %sum = fadd float %x, %y
  store float %sum, ptr %pc
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %rows
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""

# y = softmax(x W) row by row: x is (rows, 3), W a constant of (3, 2), all double
LINEAR = """
@W = private constant [6 x double] [double 0.5, double -1.0, double 2.0, double 0.25, double -0.75, double 1.5]
declare double @exp(double)
define void @linear(ptr %x, ptr %y, i64 %rows, double %temperature) {
entry:
  br label %row
row:
  %r = phi i64 [0, %entry], [%rnext, %rowend]
  %left = icmp ult i64 %r, %rows
  br i1 %left, label %column, label %done
column:
  %j = phi i64 [0, %row], [%jnext, %columnend]
  %total = phi double [0.0, %row], [%total2, %columnend]
  br label %inner
inner:
  %k = phi i64 [0, %column], [%knext, %inner]
  %sum = phi double [0.0, %column], [%sum2, %inner]
  %xrow = mul i64 %r, 3
  %xat = add i64 %xrow, %k
  %px = getelementptr double, ptr %x, i64 %xat
  %xv = load double, ptr %px
  %wrow = mul i64 %k, 2
  %wat = add i64 %wrow, %j
  %pw = getelementptr [6 x double], ptr @W, i64 0, i64 %wat
  %wv = load double, ptr %pw
  %product = fmul double %xv, %wv
  %sum2 = fadd double %sum, %product
  %knext = add i64 %k, 1
  %kmore = icmp ult i64 %knext, 3
  br i1 %kmore, label %inner, label %columnend
columnend:
  %scaled = fdiv double %sum2, %temperature
  %e = call double @exp(double %scaled)
  %yrow = mul i64 %r, 2
  %yat = add i64 %yrow, %j
  %py = getelementptr double, ptr %y, i64 %yat
  store double %e, ptr %py
  %total2 = fadd double %total, %e
  %jnext = add i64 %j, 1
  %jmore = icmp ult i64 %jnext, 2
  br i1 %jmore, label %column, label %rowend
rowend:
  %y0at = mul i64 %r, 2
  %p0 = getelementptr double, ptr %y, i64 %y0at
  %p1 = getelementptr double, ptr %p0, i64 1
  %e0 = load double, ptr %p0
  %e1 = load double, ptr %p1
  %n0 = fdiv double %e0, %total2
  %n1 = fdiv double %e1, %total2
  store double %n0, ptr %p0
  store double %n1, ptr %p1
  %rnext = add i64 %r, 1
  br label %row
done:
  ret void
}
"""
WEIGHTS = [[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]]

SUM_OF_SQUARES = """
define i64 @sum_of_squares(i64 %n) {
entry:
  %p = alloca i64
  %s = alloca i64
  store i64 0, ptr %p
  store i64 0, ptr %s
  br label %loop
loop:
  %i = load i64, ptr %p
  %a = load i64, ptr %s
  %m = mul i64 %i, %i
  %b = add i64 %a, %m
  store i64 %b, ptr %s
  %j = add i64 %i, 1
  store i64 %j, ptr %p
  %more = icmp sle i64 %j, %n
  br i1 %more, label %loop, label %done
done:
  %r = load i64, ptr %s
  ret i64 %r
}
"""

DOUBLED_IN_PLACE = """
define void @doubled(ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%next, %loop]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %w = fmul double %v, 2.0
  store double %w, ptr %p
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""

HELLO = """
@hello = private constant [10 x i8] c"hello %s\\0A\\00"
@oops = private constant [5 x i8] c"oops\\0A"
declare i32 @printf(ptr, ...)
declare i64 @write(i32, ptr, i64)
define i32 @main(ptr %name) {
  %n = call i32 (ptr, ...) @printf(ptr @hello, ptr %name)
  %w = call i64 @write(i32 2, ptr @oops, i64 5)
  ret i32 %n
}
"""

FOR_EVER = """
define void @main() {
entry:
  br label %loop
loop:
  call void asm sideeffect "", ""()
  br label %loop
}
"""

NULL_DEREFERENCE = """
define i32 @main() {
  %v = load volatile i32, ptr null
  ret i32 %v
}
"""

TRAP = """
declare void @llvm.trap()
define void @main() {
  call void @llvm.trap()
  unreachable
}
"""

EXITS = """
declare void @exit(i32)
define void @main() {
  call void @exit(i32 3)
  ret void
}
"""

# a model whose rows of 1 loop for ever, of 2 read address 0, and of anything else are copied
TEMPERAMENTAL = """
define void @copy(ptr %x, ptr %y, i64 %rows) {
  %v = load i64, ptr %x
  switch i64 %v, label %fine [ i64 1, label %loop
                               i64 2, label %crash ]
loop:
  call void asm sideeffect "", ""()
  br label %loop
crash:
  %bad = load volatile i64, ptr null
  store i64 %bad, ptr %y
  ret void
fine:
  store i64 %v, ptr %y
  ret void
}
"""


def add() -> Model:
    """Two vectors of float32, added."""
    return Model("add", ADD, "add", (Tensor("a", "float32"), Tensor("b", "float32")), (Tensor("c", "float32"),))


def linear() -> Model:
    """A linear layer with softmax, and a temperature."""
    return Model(
        "linear",
        LINEAR,
        "linear",
        (Tensor("x", "float64", (3,)),),
        (Tensor("y", "float64", (2,)),),
        (Scalar("temperature", "float64", 1.0),),
        "Probabilities of two classes.",
    )


def temperamental() -> Model:
    """Copies one number, unless it is 1 or 2."""
    return Model("copy", TEMPERAMENTAL, "copy", (Tensor("x", "int64"),), (Tensor("y", "int64"),))
